import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";

const lingerMs = 1_000;

/** The length of the body as its sender tells it; undefined where it tells none. */
export function announcedBytes(request: FastifyRequest): number | undefined {
  const told = request.headers["content-length"];
  return told === undefined ? undefined : Number(told);
}

/**
 * Gives a request's body to whoever takes it in. Where that fails the sender still hears why.
 * @param stallMs the longest wait for the next bytes
 * @throws HANSE_UPLOAD_STALLED, and what `take` throws as an uploader has to see it
 */
export async function withUploadBody<Outcome>(
  request: FastifyRequest,
  reply: FastifyReply,
  stallMs: number,
  take: (bytes: AsyncIterable<Uint8Array>) => Promise<Outcome>,
): Promise<Outcome> {
  // A request without a body has none to parse: it brings no bytes.
  const body = (request.body as Readable | undefined | null) ?? Readable.from([]);
  try {
    return await take(unstalled(body, stallMs));
  } catch (error) {
    // Closing a socket with unread bytes resets it, and the sender never sees why: read on for a while, then close.
    await drain(body, lingerMs);
    reply.header("connection", "close");
    throw asUploadRefusal(error);
  }
}

async function* unstalled(body: Readable, stallMs: number): AsyncGenerator<Uint8Array> {
  // Stopping early must not destroy the request: its socket still has to carry the refusal.
  const iterator = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  let isStalled = false;
  try {
    for (;;) {
      const step = await withinTime(iterator.next(), stallMs, () => {
        isStalled = true;
      });
      if (step.done) return;
      yield step.value;
    }
  } finally {
    const returned = Promise.resolve(iterator.return?.()).catch(() => undefined);
    // Where nothing comes, the iterator does not end either before the socket does.
    if (!isStalled) await returned;
  }
}

async function withinTime<Step>(next: Promise<Step>, stallMs: number, onStall: () => void): Promise<Step> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onStall();
    reject(
      new HanseError("HANSE_UPLOAD_STALLED", `No byte came for ${stallMs} ms`, { details: { stallMs } }),
    );
  }, stallMs);
  try {
    return await Promise.race([next, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

async function drain(body: Readable, limitMs: number): Promise<void> {
  if (body.readableEnded || body.destroyed) return;
  body.resume();
  try {
    await finished(body, { signal: AbortSignal.timeout(limitMs) });
  } catch {
    // The sender hung up, or goes on for too long: either way it has had its chance to hear us.
  }
}

/** An upload that is not what it says is the caller's mistake (422); the same code on reading is ours (500). */
function asUploadRefusal(error: unknown): unknown {
  if (!(error instanceof HanseError) || error.code !== "HANSE_CONTENT_HASH_MISMATCH") return error;
  return new HanseError(
    "HANSE_CONTENT_UPLOAD_MISMATCH",
    "The bytes are not what the address names; nothing was stored",
    {
      details: error.details,
    },
  );
}
