import type { Hex } from "viem";
import type { Logger } from "#src/kernel/logger.ts";

/** A logger whose lines name the task, its deal and its order as every service names them. */
export function taskLogger(
  logger: Logger,
  { taskId, dealId, order }: { readonly taskId: Hex; readonly dealId: Hex; readonly order?: Hex | undefined },
): Logger {
  return logger.child({ ...(order === undefined ? {} : { order }), deal: dealId, task: taskId });
}
