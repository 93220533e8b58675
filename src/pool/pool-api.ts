import { z } from "zod";
import {
  acceptedSchema,
  addressParamSchema,
  contributionSchema,
  digestSchema,
  helloAnswerSchema,
  helloSchema,
  type PoolInfo,
  poolInfoSchema,
  resultPostSchema,
  taskDetailSchema,
  taskIdParamSchema,
  tasksQuerySchema,
  taskViewSchema,
  workerTaskSchema,
} from "#src/client/pool-schema.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { AnswerIntake } from "./answer-intake.ts";
import type { createHelloIntake } from "./hello-intake.ts";
import type { TaskViews } from "./task-views.ts";
import type { createWorkerTasks } from "./worker-tasks.ts";

export interface PoolApiDeps {
  readonly info: () => PoolInfo;
  readonly hello: ReturnType<typeof createHelloIntake>;
  readonly workerTasks: ReturnType<typeof createWorkerTasks>;
  readonly intake: AnswerIntake;
  readonly views: TaskViews;
  /** Something came in: the task is to be looked at. */
  readonly wake: (...taskIds: readonly `0x${string}`[]) => void;
  /** A worker came: tasks may wait for one. */
  readonly onHello: () => void;
}

const accepted = { accepted: true } as const;

/** Puts the scheduler's routes on a server. */
export function registerPoolApi(server: HttpServer, deps: PoolApiDeps): void {
  const { info, hello, workerTasks, intake, views, wake } = deps;

  server.get(
    "/v1/pool",
    { schema: { summary: "The pool and its terms", response: { 200: poolInfoSchema } } },
    info,
  );

  server.post(
    "/v1/workers/hello",
    { schema: { summary: "A worker is connected", body: helloSchema, response: { 200: helloAnswerSchema } } },
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
        response: { 200: z.array(workerTaskSchema) },
      },
    },
    (request) => workerTasks(request.params.address),
  );

  const post = { params: taskIdParamSchema, response: { 200: acceptedSchema } };
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

  server.get(
    "/v1/tasks/:taskId",
    {
      schema: {
        summary: "Where a task stands, and how it came there",
        params: taskIdParamSchema,
        response: { 200: taskDetailSchema },
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
        response: { 200: z.array(taskViewSchema) },
      },
    },
    (request) => views.list(request.query),
  );
}
