import type { Address, Hex } from "viem";
import { z } from "zod";
import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import {
  type Accepted,
  type AccountQuery,
  acceptedSchema,
  type ContributionPost,
  type DealAccount,
  type DigestPost,
  dealAccountSchema,
  type Hello,
  type HelloAnswer,
  helloAnswerSchema,
  type LogPage,
  type LogQuery,
  logPageSchema,
  type PoolAccount,
  type PoolInfo,
  poolAccountSchema,
  poolInfoSchema,
  type ResultPost,
  type TaskDetail,
  type TasksQuery,
  type TaskView,
  taskDetailSchema,
  taskViewSchema,
  type WorkerDetail,
  type WorkerStanding,
  type WorkerTask,
  workerDetailSchema,
  workerStandingSchema,
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
  tasks(query?: TasksQuery): Promise<TaskView[]>;
  /** What happened, newest first. */
  log(query?: LogQuery): Promise<LogPage>;
  workers(): Promise<WorkerStanding[]>;
  worker(address: Address): Promise<WorkerDetail>;
  dealAccount(dealId: Hex): Promise<DealAccount>;
  account(query?: AccountQuery): Promise<PoolAccount>;
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
    tasks: (query = {}) => http.request(`/v1/tasks${search(query)}`, { schema: z.array(taskViewSchema) }),
    log: (query = {}) => http.request(`/v1/log${search(query)}`, { schema: logPageSchema }),
    workers: () => http.request("/v1/workers", { schema: z.array(workerStandingSchema) }),
    worker: (address) => http.request(`/v1/workers/${address}`, { schema: workerDetailSchema }),
    dealAccount: (dealId) => http.request(`/v1/deals/${dealId}/account`, { schema: dealAccountSchema }),
    account: (query = {}) => http.request(`/v1/account${search(query)}`, { schema: poolAccountSchema }),
  };
}

function search(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
