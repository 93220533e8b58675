import { z } from "zod";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { type ContentAddress, contentAddressOf } from "./content-address.ts";
import { type ContentRequestOptions, contentRequest, createPatience } from "./content-request.ts";
import type { ContentInfo } from "./content-store.ts";
import { contentUrl } from "./content-url.ts";

export interface PutContentOptions extends ContentRequestOptions {
  /** Base URL of a content service. */
  readonly target: string;
  readonly uploadToken?: string;
  /** Content above this many bytes is sent in parts of this size, which are gone on with after a failure; 8 MiB unless told. */
  readonly partBytes?: number;
}

const storedSchema = z.object({ address: z.string(), size: z.number().int() });
const begunSchema = z.union([storedSchema, z.object({ id: z.uuid(), offset: z.number().int() })]);

/** How often an upload that the service has forgotten is begun anew. */
const MAX_BEGINNINGS = 3;

/**
 * Uploads bytes under the address they have; the service refuses anything that was changed on the way.
 * @throws HanseError the service's own code, or HANSE_PEER_*
 */
export async function putContent(bytes: Uint8Array, options: PutContentOptions): Promise<ContentInfo> {
  const { partBytes = 8_388_608 } = options;
  const address = contentAddressOf(bytes);
  if (bytes.byteLength <= partBytes) return putWhole(bytes, address, options);
  for (let beginnings = 1; ; beginnings++) {
    try {
      return await putInParts(bytes, address, options, partBytes);
    } catch (error) {
      // A service that offers no parts takes it whole.
      if (isHanseError(error, "HANSE_NOT_FOUND")) return putWhole(bytes, address, options);
      if (beginnings >= MAX_BEGINNINGS || !isHanseError(error, "HANSE_UPLOAD_UNKNOWN")) throw error;
    }
  }
}

async function putWhole(
  bytes: Uint8Array,
  address: ContentAddress,
  options: PutContentOptions,
): Promise<ContentInfo> {
  const patience = createPatience(options);
  for (;;) {
    try {
      return await send("PUT", contentUrl(options.target, address), bytes, {}, address, options);
    } catch (error) {
      await patience.after(error);
    }
  }
}

async function putInParts(
  bytes: Uint8Array,
  address: ContentAddress,
  options: PutContentOptions,
  partBytes: number,
): Promise<ContentInfo> {
  const uploads = `${options.target.replace(/\/+$/, "")}/v1/uploads`;
  const size = bytes.byteLength;
  const patience = createPatience(options);
  let begun: z.infer<typeof begunSchema> | undefined;
  while (begun === undefined) {
    try {
      begun = await begin(uploads, { size, address }, options);
    } catch (error) {
      await patience.after(error);
    }
  }
  // It was there already, and is ours now too.
  if (!("id" in begun)) return confirmed(begun, address, size, uploads);

  const url = `${uploads}/${begun.id}`;
  let offset: number | undefined = begun.offset;
  for (;;) {
    try {
      if (offset === undefined) {
        const known = await askOffset(url, options);
        if (known > size) throw unconfirmed(url);
        offset = known;
      }
      const part = bytes.subarray(offset, offset + partBytes);
      const headers = { "upload-offset": String(offset) };
      if (offset + part.byteLength >= size) {
        return await send("PATCH", url, part, headers, address, options, size);
      }
      await contentRequest(url, options, {
        method: "PATCH",
        body: bodyOf(part),
        headers: headersOf(options, headers),
      });
      offset += part.byteLength;
      patience.progress();
    } catch (error) {
      // Somebody went on before us, or our own bytes came through though the answer did not: ask.
      const moved = isHanseError(error, "HANSE_UPLOAD_OFFSET_MISMATCH");
      await patience.after(moved ? asRetryable(error) : error);
      offset = undefined;
    }
  }
}

async function begin(
  uploads: string,
  upload: { readonly size: number; readonly address: ContentAddress },
  options: PutContentOptions,
) {
  const { response, place } = await contentRequest(uploads, options, {
    ...{ method: "POST", body: JSON.stringify(upload) },
    headers: { ...headersOf(options), "content-type": "application/json" },
  });
  const answer = begunSchema.safeParse(await response.json().catch(() => undefined));
  if (answer.success) return answer.data;
  throw unconfirmed(place);
}

async function askOffset(url: string, options: PutContentOptions): Promise<number> {
  // A GET: unlike a HEAD's, its refusals tell their code.
  const { response, place } = await contentRequest(url, options, {
    method: "GET",
    headers: headersOf(options),
  });
  const answer = z.object({ offset: z.number().int().nonnegative() });
  const told = answer.safeParse(await response.json().catch(() => undefined));
  if (told.success) return told.data.offset;
  throw unconfirmed(place);
}

async function send(
  method: "PUT" | "PATCH",
  url: string,
  bytes: Uint8Array,
  headers: Record<string, string>,
  address: ContentAddress,
  options: PutContentOptions,
  size = bytes.byteLength,
): Promise<ContentInfo> {
  const { response, place } = await contentRequest(url, options, {
    ...{ method, body: bodyOf(bytes), headers: headersOf(options, headers) },
  });
  const answer = storedSchema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) throw unconfirmed(place);
  return confirmed(answer.data, address, size, place);
}

function confirmed(
  told: z.infer<typeof storedSchema>,
  address: ContentAddress,
  size: number,
  place: string,
): ContentInfo {
  if (told.address !== address) throw unconfirmed(place);
  return { address, size };
}

function unconfirmed(place: string): HanseError {
  return new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} did not confirm the address`, {
    details: { place },
  });
}

function asRetryable({ code, shortMessage, details }: HanseError): HanseError {
  return new HanseError(code, shortMessage, { details, retryable: true });
}

function headersOf({ uploadToken }: PutContentOptions, more: Record<string, string> = {}) {
  return {
    ...{ "content-type": "application/octet-stream", ...more },
    ...(uploadToken === undefined ? {} : { authorization: `Bearer ${uploadToken}` }),
  };
}

const bodyOf = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;
