import type { FastifyReply } from "fastify";
import { z } from "zod";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { takeBodiesAsBytes } from "./content-routes.ts";
import type { ContentUploads, UploadView } from "./content-uploads.ts";
import type { RouteContext } from "./route-context.ts";
import { addressSchema, storedSchema, uploadRefusals } from "./route-schemas.ts";
import { withUploadBody } from "./upload-body.ts";

const params = z.object({ id: z.uuid().describe("What POST /v1/uploads answered") });
const beginning = z.object({
  size: z.number().int().nonnegative().describe("All bytes that will come"),
  address: addressSchema.optional().describe("What they are said to be: refused at the end if they are not"),
});
const view = z.object({
  id: z.string(),
  size: z.number().int(),
  offset: z.number().int().describe("Where to go on: so many bytes are here and last"),
  expiresAt: z.number().describe("Removed then unless somebody goes on, in milliseconds since 1970"),
});
const offsetHeader = z
  .string()
  .regex(/^\d{1,15}$/, "must be a number of bytes")
  .transform(Number)
  .describe("Where these bytes belong: the upload's present offset");

const refusals = { ...uploadRefusals, 404: errorBodySchema, 409: errorBodySchema, 423: errorBodySchema };

/** Uploads in parts, in the manner of tus: begin, send from the present offset on, ask for the offset after a failure. */
export async function registerUploadRoutes(
  server: HttpServer,
  { kept, stallMs, sending, uploaderOf }: RouteContext,
  uploads: ContentUploads,
): Promise<void> {
  server.post(
    "/v1/uploads",
    {
      onRequest: async (request) => void uploaderOf(request),
      schema: {
        summary: "Begin an upload; nothing more to send where the content is here already",
        body: beginning,
        response: { 200: storedSchema, 201: view, ...uploadRefusals },
      },
    },
    async (request, reply) => {
      const uploader = uploaderOf(request);
      const { size, address } = request.body;
      if (address !== undefined && (await isWhole(kept, address, size))) {
        await kept.claim(uploader, address);
        return reply.code(200).send({ address, size });
      }
      const upload = await uploads.create(uploader, { size, ...(address === undefined ? {} : { address }) });
      return reply.code(201).header("location", `/v1/uploads/${upload.id}`).send(upload);
    },
  );

  server.route({
    method: ["GET", "HEAD"],
    url: "/v1/uploads/:id",
    exposeHeadRoute: false,
    schema: {
      summary: "How far an upload has come",
      params,
      response: { 200: view, 401: errorBodySchema, 404: errorBodySchema },
    },
    handler: async (request, reply) => {
      const upload = uploads.find(uploaderOf(request), request.params.id);
      // To HEAD only the headers are sent.
      tellOffset(reply, upload.offset, upload);
      return upload;
    },
  });

  server.delete(
    "/v1/uploads/:id",
    { schema: { summary: "Give an upload up", params, response: { 204: z.void(), ...refusals } } },
    async (request, reply) => {
      await uploads.remove(uploaderOf(request), request.params.id);
      return reply.code(204).send();
    },
  );

  await server.register(async (scope: HttpServer) => {
    takeBodiesAsBytes(scope);
    scope.patch(
      "/v1/uploads/:id",
      {
        onRequest: async (request) => void uploaderOf(request),
        schema: {
          summary: "Send the next bytes; with the last ones the content is stored",
          params,
          headers: z.object({ "upload-offset": offsetHeader }),
          response: { 201: storedSchema, 204: z.void(), ...refusals },
        },
      },
      async (request, reply) => {
        const uploader = uploaderOf(request);
        const at = request.headers["upload-offset"];
        const { offset, stored } = await withUploadBody(request, reply, stallMs, (bytes) =>
          sending(uploader, () => uploads.append(uploader, request.params.id, at, bytes)),
        );
        tellOffset(reply, offset);
        return stored === undefined ? reply.code(204).send() : reply.code(201).send(stored);
      },
    );
  });
}

function tellOffset(reply: FastifyReply, offset: number, upload?: UploadView): void {
  reply.headers({ "upload-offset": String(offset), "cache-control": "no-store" });
  if (upload !== undefined) reply.header("upload-length", String(upload.size));
}

/** A damaged copy is no reason to send nothing: it would never be healed. */
async function isWhole(
  kept: RouteContext["kept"],
  address: z.infer<typeof addressSchema>,
  size: number,
): Promise<boolean> {
  if ((await kept.stat(address))?.size !== size) return false;
  try {
    for await (const _ of (await kept.open(address)).stream);
    return true;
  } catch {
    return false;
  }
}
