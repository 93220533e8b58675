import type { Hex } from "viem";
import type { TaskCourse, TaskState } from "#src/protocol/task-course.ts";
import type { StoredTask } from "./task-store.ts";

/** A task as memory and chain have it at one moment. */
export interface TaskSight extends StoredTask {
  readonly taskId: Hex;
  readonly head: bigint;
  readonly onChain: TaskState;
  readonly course: TaskCourse;
}

/** Takes a running task one step on, if one is due. */
export type TaskStep = (sight: TaskSight) => Promise<void>;
