import { HanseError } from "#src/kernel/errors.ts";

/**
 * Reads a response body into memory, but never more than `maxBytes`: a peer's Content-Length may lie, and a short
 * compressed body may unfold to anything.
 * @throws HanseError HANSE_PEER_RESPONSE_TOO_LARGE
 */
export async function readLimited(response: Response, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get("content-length") ?? 0);
  if (declared > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream and closes the connection.
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : new Uint8Array(Buffer.concat(chunks));
}

function tooLarge(maxBytes: number): HanseError {
  return new HanseError("HANSE_PEER_RESPONSE_TOO_LARGE", `The answer is larger than ${maxBytes} bytes`, {
    details: { maxBytes },
  });
}
