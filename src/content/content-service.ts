import { createHash, timingSafeEqual } from "node:crypto";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ContentAddress } from "./content-address.ts";
import type { ContentInfo, ContentStore, PutOptions } from "./content-store.ts";

export interface ContentServiceDeps {
  readonly store: ContentStore;
}

export interface ContentServiceOptions {
  /** Demanded as a bearer token for every upload; without one anybody who reaches the service may upload. */
  readonly uploadToken?: string;
}

const lingerMs = 1_000;

const addressSchema = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(/^0x[0-9a-f]{64}$/, "must be 0x and 64 hex digits"))
  .transform((text) => text as ContentAddress)
  .describe("sha-256 of the content as 0x and 64 hex digits");

const stored = z.object({ address: z.string(), size: z.number().int() });
const paramsSchema = z.object({ address: addressSchema });

/**
 * Serves a content store: `PUT /v1/content`, `PUT /v1/content/:address`, `GET` and `HEAD /v1/content/:address`.
 * The store limits sizes; the server's `requestTimeoutMs` has to leave time for the largest upload.
 */
export async function registerContentService(
  server: HttpServer,
  { store }: ContentServiceDeps,
  { uploadToken }: ContentServiceOptions = {},
): Promise<void> {
  await server.register(async (scope: HttpServer) => {
    // Inside this scope bodies are bytes, whatever their type says: they are stored, never interpreted.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    const onRequest = async (request: FastifyRequest) => assertAllowed(request, uploadToken);
    const responses = {
      201: stored,
      401: errorBodySchema,
      413: errorBodySchema,
      422: errorBodySchema,
      507: errorBodySchema,
    };

    scope.put(
      "/v1/content",
      { onRequest, schema: { summary: "Store bytes; the answer tells their address", response: responses } },
      async (request, reply) => reply.code(201).send(await storeUpload(store, request, reply)),
    );
    scope.put(
      "/v1/content/:address",
      {
        onRequest,
        schema: {
          summary: "Store bytes if they are what the address names",
          params: paramsSchema,
          response: responses,
        },
      },
      async (request, reply) => {
        const { address } = request.params;
        return reply.code(201).send(await storeUpload(store, request, reply, { expected: address }));
      },
    );
    scope.route({
      method: ["GET", "HEAD"],
      url: "/v1/content/:address",
      exposeHeadRoute: false,
      schema: { summary: "The bytes of an address, verified while they are sent", params: paramsSchema },
      handler: async (request, reply) => {
        const { address } = request.params;
        const info = await store.stat(address);
        if (info === undefined) {
          throw new HanseError("HANSE_CONTENT_NOT_FOUND", `There is no content ${address} here`, {
            details: { address },
          });
        }
        reply.headers({
          etag: `"${address}"`,
          // What an address names never changes, so a copy is good for ever.
          "cache-control": "public, max-age=31536000, immutable",
          // Uploads come from strangers: no browser may run them under this origin.
          "content-security-policy": "default-src 'none'; sandbox",
          "content-disposition": "attachment",
        });
        if (request.headers["if-none-match"]?.includes(address)) return reply.code(304).send();
        reply.type("application/octet-stream").header("content-length", String(info.size));
        if (request.method === "HEAD") return reply.send();
        const { stream } = await store.open(address);
        return reply.send(Readable.from(stream, { objectMode: false }));
      },
    });
  });
}

async function storeUpload(
  store: ContentStore,
  request: FastifyRequest,
  reply: FastifyReply,
  options?: PutOptions,
): Promise<ContentInfo> {
  const body = request.body as Readable | undefined | null;
  // A request without a body has none to parse: it stores the empty content.
  if (body === undefined || body === null) return store.put(new Uint8Array(), options);
  try {
    // Stopping early must not destroy the request: its socket still has to carry the refusal.
    return await store.put(body.iterator({ destroyOnReturn: false }), options);
  } catch (error) {
    // Closing a socket with unread bytes resets it, and the sender never sees why: read on for a while, then close.
    await drain(body, lingerMs);
    reply.header("connection", "close");
    throw asUploadRefusal(error);
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

function assertAllowed(request: FastifyRequest, uploadToken: string | undefined): void {
  if (uploadToken === undefined) return;
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  // Compared as digests: equal lengths, and time that tells nothing about the token.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (timingSafeEqual(digest(given), digest(uploadToken))) return;
  throw new HanseError("HANSE_UNAUTHORIZED", "Uploading needs the token of this service");
}
