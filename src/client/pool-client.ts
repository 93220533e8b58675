import type { Address, Hex } from "viem";
import { z } from "zod";
import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import {
  type Accepted,
  acceptedSchema,
  type ContributionPost,
  type DigestPost,
  type Hello,
  type HelloAnswer,
  helloAnswerSchema,
  type PoolInfo,
  poolInfoSchema,
  type ResultPost,
  type TaskDetail,
  type TaskView,
  taskDetailSchema,
  taskViewSchema,
  type WorkerTask,
  workerTaskSchema,
} from "./pool-schema.ts";

/** The scheduler of one pool, over HTTP. Each call throws the scheduler's own HanseError, or HANSE_PEER_*. */
export interface PoolClient {
  pool(): Promise<PoolInfo>;
  hello(hello: Hello): Promise<HelloAnswer>;
  tasksOf(worker: Address): Promise<WorkerTask[]>;
  contribute(taskId: Hex, contribution: ContributionPost): Promise<Accepted>;
  disclose(taskId: Hex, digest: DigestPost): Promise<Accepted>;
  reveal(taskId: Hex, result: ResultPost): Promise<Accepted>;
  task(taskId: Hex): Promise<TaskDetail>;
  tasks(query?: { readonly status?: string; readonly limit?: number }): Promise<TaskView[]>;
}

export function createPoolClient(
  deps: HttpClientDeps,
  options: HttpClientOptions & { readonly baseUrl: string },
): PoolClient {
  const http = createHttpClient(deps, options);
  // Every post may be repeated: the scheduler takes the same thing twice without harm.
  const post = <Schema extends z.ZodType>(path: string, body: unknown, schema: Schema) =>
    http.request(path, { method: "POST", body, schema, idempotent: true });

  return {
    pool: () => http.request("/v1/pool", { schema: poolInfoSchema }),
    hello: (hello) => post("/v1/workers/hello", hello, helloAnswerSchema),
    tasksOf: (worker) => http.request(`/v1/workers/${worker}/tasks`, { schema: z.array(workerTaskSchema) }),
    contribute: (taskId, body) => post(`/v1/tasks/${taskId}/contributions`, body, acceptedSchema),
    disclose: (taskId, body) => post(`/v1/tasks/${taskId}/digests`, body, acceptedSchema),
    reveal: (taskId, body) => post(`/v1/tasks/${taskId}/results`, body, acceptedSchema),
    task: (taskId) => http.request(`/v1/tasks/${taskId}`, { schema: taskDetailSchema }),
    tasks(query = {}) {
      const search = new URLSearchParams(
        Object.entries(query).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)] as [string, string]],
        ),
      );
      return http.request(`/v1/tasks?${search}`, { schema: z.array(taskViewSchema) });
    },
  };
}
