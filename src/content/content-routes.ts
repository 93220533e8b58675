import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ContentAddress } from "./content-address.ts";
import type { ContentInfo } from "./content-store.ts";
import { isTagListed, parseRange } from "./http-range.ts";
import type { RouteContext } from "./route-context.ts";
import { addressParams, storedSchema, uploadRefusals } from "./route-schemas.ts";
import { announcedBytes, withUploadBody } from "./upload-body.ts";

/** `PUT /v1/content`, `PUT /v1/content/:address`, `GET` and `HEAD /v1/content/:address`. */
export async function registerContentRoutes(server: HttpServer, context: RouteContext): Promise<void> {
  const { kept } = context;
  await server.register(async (scope: HttpServer) => {
    takeBodiesAsBytes(scope);
    // Before the body: nothing of it is taken in for strangers.
    const onRequest = async (request: FastifyRequest) => void context.uploaderOf(request);
    const response = { 201: storedSchema, ...uploadRefusals };

    scope.put(
      "/v1/content",
      { onRequest, schema: { summary: "Store bytes; the answer tells their address", response } },
      async (request, reply) => reply.code(201).send(await storeBody(context, request, reply)),
    );
    scope.put(
      "/v1/content/:address",
      {
        onRequest,
        schema: {
          summary: "Store bytes if they are what the address names",
          params: addressParams,
          response,
        },
      },
      async (request, reply) => {
        const { address } = request.params;
        return reply.code(201).send(await storeBody(context, request, reply, address));
      },
    );
  });

  server.route({
    method: ["GET", "HEAD"],
    url: "/v1/content/:address",
    exposeHeadRoute: false,
    schema: {
      summary: "The bytes of an address, or a range of them, verified while they are sent",
      params: addressParams,
    },
    handler: async (request, reply) => {
      const { address } = request.params;
      const info = await kept.stat(address);
      if (info === undefined) {
        throw new HanseError("HANSE_CONTENT_NOT_FOUND", `There is no content ${address} here`, {
          details: { address },
        });
      }
      const tag = `"${address}"`;
      reply.headers({
        etag: tag,
        // What an address names never changes, so a copy is good for ever.
        "cache-control": "public, max-age=31536000, immutable",
        "accept-ranges": "bytes",
        // Uploads come from strangers: no browser may run them under this origin.
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": "attachment",
      });
      if (isTagListed(request.headers["if-none-match"], tag)) return reply.code(304).send();
      reply.type("application/octet-stream");
      if (request.method === "HEAD") return reply.header("content-length", String(info.size)).send();
      return reply.send(await answerBody(context, request, reply, info));
    },
  });
}

/** Inside this scope bodies are bytes, whatever their type says: they are stored, never interpreted. */
export function takeBodiesAsBytes(scope: HttpServer): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
}

async function answerBody(
  { kept }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { address, size }: ContentInfo,
): Promise<Readable> {
  const { range: asked, "if-range": condition } = request.headers;
  // A copy of something else is not gone on with: it gets the whole.
  const isSame = condition === undefined || condition === `"${address}"`;
  const range = parseRange(isSame ? asked : undefined, size);
  if (range === "unsatisfiable") {
    reply.header("content-range", `bytes */${size}`);
    throw new HanseError("HANSE_RANGE_UNSATISFIABLE", `The content has ${size} bytes, not those asked for`, {
      details: { address, size },
    });
  }
  const { stream } = await kept.open(address, range === "whole" ? {} : { range });
  if (range !== "whole") reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${size}`);
  const length = range === "whole" ? size : range.end - range.start + 1;
  reply.header("content-length", String(length));
  return Readable.from(stream, { objectMode: false });
}

async function storeBody(
  { kept, stallMs, sending, uploaderOf }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  expected?: ContentAddress,
): Promise<ContentInfo> {
  const uploader = uploaderOf(request);
  const announced = announcedBytes(request);
  return withUploadBody(request, reply, stallMs, (bytes) =>
    sending(uploader, () =>
      kept.put(uploader, bytes, {
        ...(announced === undefined ? {} : { announcedBytes: announced }),
        ...(expected === undefined ? {} : { expected }),
      }),
    ),
  );
}
