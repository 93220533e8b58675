import { type Earnings, earningsQuerySchema, earningsSchema } from "#src/client/worker-schema.ts";
import type { HttpServer } from "#src/http/server.ts";

export interface WorkerApiDeps {
  readonly earnings: (limit: number) => Promise<Earnings>;
}

/** Puts the worker's routes on a server. */
export function registerWorkerApi(server: HttpServer, { earnings }: WorkerApiDeps): void {
  server.get(
    "/v1/earnings",
    {
      schema: {
        summary: "What the worker has earned and lost, by task and in sum",
        querystring: earningsQuerySchema,
        response: { 200: earningsSchema },
      },
    },
    (request) => earnings(request.query.limit),
  );
}
