import { z } from "zod";
import {
  acceptedSchema,
  accountQuerySchema,
  addressParamSchema,
  contributionSchema,
  dealAccountSchema,
  dealIdParamSchema,
  digestSchema,
  helloAnswerSchema,
  helloSchema,
  logPageSchema,
  logQuerySchema,
  type PoolInfo,
  poolAccountSchema,
  poolInfoSchema,
  resultPostSchema,
  taskDetailSchema,
  taskIdParamSchema,
  tasksQuerySchema,
  taskViewSchema,
  workerDetailSchema,
  workerStandingSchema,
  workerTaskSchema,
} from "#src/client/pool-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { AnswerIntake } from "./answer-intake.ts";
import type { DealAccounts } from "./deal-account.ts";
import type { createHelloIntake } from "./hello-intake.ts";
import type { TaskLog } from "./task-log.ts";
import type { TaskViews } from "./task-views.ts";
import type { WorkerStandings } from "./worker-standing.ts";
import type { createWorkerTasks } from "./worker-tasks.ts";

export interface PoolApiDeps extends PoolReports {
  readonly info: () => PoolInfo;
  readonly hello: ReturnType<typeof createHelloIntake>;
  readonly workerTasks: ReturnType<typeof createWorkerTasks>;
  readonly intake: AnswerIntake;
  /** Something came in: the task is to be looked at. */
  readonly wake: (...taskIds: readonly `0x${string}`[]) => void;
  /** A worker came: tasks may wait for one. */
  readonly onHello: () => void;
}

/** What the pool tells of itself, its tasks and its workers. */
export interface PoolReports {
  readonly views: TaskViews;
  readonly accounts: DealAccounts;
  readonly log: TaskLog;
  readonly standings: WorkerStandings;
}

/** Newest entries that come with a worker. */
const WORKER_LOG = 50;

const bad = { 400: errorBodySchema };
const missing = { ...bad, 404: errorBodySchema };

const accepted = { accepted: true } as const;

/** Puts the scheduler's routes on a server. */
export function registerPoolApi(server: HttpServer, deps: PoolApiDeps): void {
  const { info, hello, workerTasks, intake, wake } = deps;

  server.get(
    "/v1/pool",
    { schema: { summary: "The pool and its terms", response: { 200: poolInfoSchema } } },
    info,
  );

  server.post(
    "/v1/workers/hello",
    {
      schema: {
        summary: "A worker is connected",
        body: helloSchema,
        response: { 200: helloAnswerSchema, ...bad, 422: errorBodySchema },
      },
    },
    async (request) => {
      const answer = await hello(request.body);
      deps.onHello();
      return answer;
    },
  );

  server.get(
    "/v1/workers/:address/tasks",
    {
      schema: {
        summary: "What a worker is to do now",
        params: addressParamSchema,
        response: { 200: z.array(workerTaskSchema), ...bad },
      },
    },
    (request) => workerTasks(request.params.address),
  );

  const post = {
    params: taskIdParamSchema,
    response: { 200: acceptedSchema, ...missing, 409: errorBodySchema, 422: errorBodySchema },
  };
  server.post(
    "/v1/tasks/:taskId/contributions",
    { schema: { ...post, summary: "A drawn worker's sealed answer", body: contributionSchema } },
    async ({ params: { taskId }, body }) => {
      await intake.contribute(taskId, body);
      wake(taskId);
      return accepted;
    },
  );
  server.post(
    "/v1/tasks/:taskId/digests",
    { schema: { ...post, summary: "What a seal of a closed round holds", body: digestSchema } },
    async ({ params: { taskId }, body }) => {
      await intake.disclose(taskId, body);
      wake(taskId);
      return accepted;
    },
  );
  server.post(
    "/v1/tasks/:taskId/results",
    { schema: { ...post, summary: "The result, once it is sure enough", body: resultPostSchema } },
    async ({ params: { taskId }, body }) => {
      await intake.reveal(taskId, body);
      wake(taskId);
      return accepted;
    },
  );

  registerReports(server, deps);
}

function registerReports(server: HttpServer, { views, accounts, log, standings }: PoolReports): void {
  server.get(
    "/v1/tasks/:taskId",
    {
      schema: {
        summary: "Where a task stands, and how it came there",
        params: taskIdParamSchema,
        response: { 200: taskDetailSchema, ...missing },
      },
    },
    (request) => views.detail(request.params.taskId),
  );
  server.get(
    "/v1/tasks",
    {
      schema: {
        summary: "Tasks, newest deals first",
        querystring: tasksQuerySchema,
        response: { 200: z.array(taskViewSchema), ...bad },
      },
    },
    (request) => views.list(request.query),
  );
  server.get(
    "/v1/log",
    {
      schema: {
        summary: "What happened, newest first; by task, by worker",
        querystring: logQuerySchema,
        response: { 200: logPageSchema, ...bad },
      },
    },
    ({ query: { before, ...filter } }) =>
      log.read({ ...filter, before: before === undefined ? undefined : BigInt(before) }),
  );

  server.get(
    "/v1/workers",
    {
      schema: {
        summary: "How the pool's workers do",
        response: { 200: z.array(workerStandingSchema) },
      },
    },
    () => standings.list(),
  );
  server.get(
    "/v1/workers/:address",
    {
      schema: {
        summary: "How one worker does, and what happened to it lately",
        params: addressParamSchema,
        response: { 200: workerDetailSchema, ...missing },
      },
    },
    async ({ params: { address } }) => {
      const standing = await standings.of(address);
      if (standing === undefined) {
        throw new HanseError("HANSE_WORKER_UNKNOWN", `this pool never heard of ${address}`, {
          details: { address },
        });
      }
      const { entries } = await log.read({ worker: address, limit: WORKER_LOG });
      return { ...standing, log: entries };
    },
  );

  server.get(
    "/v1/deals/:dealId/account",
    {
      schema: {
        summary: "What a deal brought to the pool's owner, and cost",
        params: dealIdParamSchema,
        response: { 200: dealAccountSchema, ...missing },
      },
    },
    (request) => accounts.deal(request.params.dealId),
  );
  server.get(
    "/v1/account",
    {
      schema: {
        summary: "What all deals brought to the pool's owner and cost, and day by day",
        querystring: accountQuerySchema,
        response: { 200: poolAccountSchema, ...bad },
      },
    },
    (request) => accounts.pool(request.query),
  );
}
