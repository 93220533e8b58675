import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";

export interface S3ClientOptions {
  /** Base URL of the server, without the bucket: buckets are addressed by path, which every server understands. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For each attempt; 60 s unless told. */
  readonly timeoutMs?: number;
  /** Attempts after the first; 3 unless told. */
  readonly retries?: number;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Without one the bucket is meant. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Signed requests to one bucket of an S3-compatible server. */
export interface S3Client {
  readonly bucket: string;
  /**
   * @returns the answer, or undefined where there is no such key
   * @throws HANSE_CONTENT_BACKEND_FAILED; what failed is in its cause, for the log and not for callers
   */
  send(request: S3Request): Promise<Response | undefined>;
  /** As `send`, for answers in XML, which may tell an error under status 200. */
  sendForXml(request: S3Request): Promise<string>;
}

const MAX_XML_BYTES = 4_194_304;
const FIRST_DELAY_MS = 100;

export function createS3Client(options: S3ClientOptions): S3Client {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = options;
  const { timeoutMs = 60_000, retries = 3, fetch = globalThis.fetch, clock = systemClock } = options;

  async function once({ method, key, query = {}, headers = {}, body }: S3Request) {
    const url = new URL(`${endpoint}/${bucket}${key === undefined ? "" : `/${key}`}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const place = placeOf(method, url.href);
    try {
      const hash = createHash("sha256")
        .update(body ?? "")
        .digest("hex");
      const signed = await new AwsV4Signer({
        ...{ method, url: url.href, region, accessKeyId, secretAccessKey, service: "s3" },
        // The body's hash is signed: what was changed on the way is refused.
        headers: { ...headers, "x-amz-content-sha256": hash },
      }).sign();
      const response = await fetch(signed.url.href, {
        ...{ method, headers: signed.headers, redirect: "error", signal: AbortSignal.timeout(timeoutMs) },
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      });
      if (response.ok) return { response, place };
      const text = method === "HEAD" ? "" : new TextDecoder().decode(await readLimited(response, 65_536));
      if (response.status === 404 && !text.includes("NoSuchBucket")) return undefined;
      throw peerError(`${place} ${xmlText(text, "Code") ?? ""}`.trim(), response, "");
    } catch (error) {
      throw backendFailed(transportError(place, error, timeoutMs));
    }
  }

  async function send(request: S3Request) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(request);
      } catch (error) {
        if (attempt >= retries || !isRetryable(error)) throw error;
        await clock.sleep(FIRST_DELAY_MS * 2 ** attempt);
      }
    }
  }

  return {
    bucket,
    send: async (request) => (await send(request))?.response,
    async sendForXml(request) {
      const answer = await send(request);
      if (answer === undefined) throw backendFailed(new Error(`nothing to ${request.method} there`));
      const text = new TextDecoder().decode(await readLimited(answer.response, MAX_XML_BYTES));
      const code = xmlText(text, "Error") && xmlText(text, "Code");
      if (code !== undefined) throw backendFailed(new Error(`${answer.place}: ${code}`));
      return text;
    },
  };
}

/** Where content is kept is nobody else's business: the place stays in the cause. */
export function backendFailed(cause: unknown): HanseError {
  const retryable = cause instanceof HanseError ? cause.retryable : true;
  return new HanseError("HANSE_CONTENT_BACKEND_FAILED", "The store behind this service failed", {
    cause,
    retryable,
  });
}

/** The text of the first element of this name. S3's answers are flat where we read them. */
export function xmlText(xml: string, name: string): string | undefined {
  return xmlTexts(xml, name)[0];
}

export function xmlTexts(xml: string, name: string): string[] {
  const elements = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g"));
  return [...elements].map(([, text = ""]) => unescapeXml(text));
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:(lt|gt|quot|apos|amp)|#(\d+)|#x([0-9a-f]+));/gi, (_, name, decimal, hex) =>
    name
      ? (entities[String(name).toLowerCase()] ?? "")
      : String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal ? 10 : 16)),
  );
}
