import type { Hex } from "viem";
import type { Logger } from "#src/kernel/logger.ts";
import type { StoredTask } from "./task-store.ts";

/** A task by the names that go with it. */
export interface NamedTask extends Pick<StoredTask, "dealId" | "order"> {
  readonly task: { readonly id: Hex };
}

/** A logger whose lines carry the names under which every service knows a task, its deal and its order. */
export function taskLogger(logger: Logger, stored: NamedTask): Logger {
  return logger.child({ order: stored.order, deal: stored.dealId, task: stored.task.id });
}
