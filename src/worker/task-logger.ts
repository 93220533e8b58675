import type { Hex } from "viem";
import type { Logger } from "#src/kernel/logger.ts";

/** A logger whose lines name the task and its deal as every service names them. */
export function taskLogger(
  logger: Logger,
  { taskId, dealId }: { readonly taskId: Hex; readonly dealId: Hex },
): Logger {
  return logger.child({ task: taskId, deal: dealId });
}
