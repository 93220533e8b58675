import { backendFailed, type S3Client, xmlText } from "./s3-client.ts";

/** What fits one part is given back, to be sent under its own name; anything else is an object under the draft's name. */
export type SentParts = { readonly type: "small"; readonly bytes: Uint8Array } | { readonly type: "draft" };

/** Sends a stream in parts. What fails on the way is aborted, as far as the server can be reached. */
export async function uploadParts(
  client: S3Client,
  key: string,
  source: AsyncIterable<Uint8Array>,
  partBytes: number,
): Promise<SentParts> {
  let uploadId: string | undefined;
  const tags: string[] = [];
  let held: Uint8Array[] = [];
  let filled = 0;

  async function sendPart(): Promise<void> {
    uploadId ??= await begin(client, key);
    const query = { partNumber: String(tags.length + 1), uploadId };
    const response = await client.send({ method: "PUT", key, query, body: Buffer.concat(held) });
    const tag = response?.headers.get("etag");
    if (!tag) throw backendFailed(new Error("a part was not confirmed"));
    tags.push(tag);
    held = [];
    filled = 0;
  }

  try {
    for await (const chunk of source) {
      for (let done = 0; done < chunk.byteLength; ) {
        // Sent when more comes: the last part is never empty, and what fits one part is none.
        if (filled === partBytes) await sendPart();
        const piece = chunk.subarray(done, done + partBytes - filled);
        // Copied: the source may use its buffer again.
        held.push(piece.slice());
        filled += piece.byteLength;
        done += piece.byteLength;
      }
    }
    if (uploadId === undefined) return { type: "small", bytes: Buffer.concat(held) };
    await sendPart();
    const parts = tags.map(
      (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
    await client.sendForXml({ method: "POST", key, query: { uploadId }, body });
    return { type: "draft" };
  } catch (error) {
    if (uploadId !== undefined) {
      await client.send({ method: "DELETE", key, query: { uploadId } }).catch(() => undefined);
    }
    throw error;
  }
}

async function begin(client: S3Client, key: string): Promise<string> {
  const xml = await client.sendForXml({ method: "POST", key, query: { uploads: "" } });
  const id = xmlText(xml, "UploadId");
  if (id === undefined) throw backendFailed(new Error("no upload was begun"));
  return id;
}
