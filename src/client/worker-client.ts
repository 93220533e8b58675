import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import { type Earnings, earningsSchema } from "./worker-schema.ts";

/** One worker, over HTTP. Each call throws the worker's own HanseError, or HANSE_PEER_*. */
export interface WorkerClient {
  /** @param limit how many tasks are listed at most, 100 unless told; the totals are of all */
  earnings(limit?: number): Promise<Earnings>;
}

export function createWorkerClient(
  deps: HttpClientDeps,
  options: HttpClientOptions & { readonly baseUrl: string },
): WorkerClient {
  const http = createHttpClient(deps, options);
  return {
    earnings: (limit) =>
      http.request(`/v1/earnings${limit === undefined ? "" : `?limit=${limit}`}`, { schema: earningsSchema }),
  };
}
