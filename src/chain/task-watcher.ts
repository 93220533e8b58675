import type { Hex } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Result } from "#src/protocol/contributions.ts";
import type { ChainClient } from "./chain-client.ts";
import type { Deployment } from "./deployment.ts";
import type { SealedDeal } from "./market-reader.ts";

/** How a task ended. */
export type TaskEnd =
  | { readonly type: "certified"; readonly result: Result }
  /** Certified to be impossible; `outcome` as in `OUTCOMES`. */
  | { readonly type: "failed"; readonly outcome: number }
  /** Nobody certified it in time: the payer has its money back. */
  | { readonly type: "claimed" };

export interface TaskWatcher {
  /** The deals a request was sealed into so far. */
  dealsOf(requestHash: Hex): Promise<SealedDeal[]>;
  /** How a task ended, or undefined while it has not. */
  endOf(taskId: Hex): Promise<TaskEnd | undefined>;
  /**
   * Waits until `look` answers something.
   * @throws HANSE_TIMED_OUT naming `what`
   */
  waitFor<T>(what: string, look: () => Promise<T | undefined>, timeoutMs: number): Promise<T>;
}

/** What a buyer wants to know of the chain: was it sold, is it done, what came out. */
export function createTaskWatcher(
  deps: { readonly chain: ChainClient; readonly deployment: Deployment; readonly clock?: Clock },
  options: { readonly pollMs?: number; readonly signal?: AbortSignal } = {},
): TaskWatcher {
  const { chain, deployment, clock = systemClock } = deps;
  const { pollMs = 250, signal } = options;
  const fromBlock = deployment.deployedAtBlock;
  const poco = { address: deployment.contracts.poco, abi: pocoAbi, fromBlock } as const;

  return {
    async dealsOf(requestHash) {
      const logs = await chain.viem.getContractEvents({
        address: deployment.contracts.clerk,
        abi: clerkAbi,
        eventName: "DealSealed",
        args: { requestHash },
        fromBlock,
      });
      return logs.flatMap(({ args: { id, deal, params } }) =>
        id === undefined || deal === undefined || params === undefined ? [] : [{ id, deal, params }],
      );
    },

    async endOf(taskId) {
      const [certified, failed, claimed] = await Promise.all([
        chain.viem.getContractEvents({ ...poco, eventName: "TaskCertified", args: { taskId } }),
        chain.viem.getContractEvents({ ...poco, eventName: "TaskFailed", args: { taskId } }),
        chain.viem.getContractEvents({ ...poco, eventName: "TaskClaimed", args: { taskId } }),
      ]);
      const result = certified[0]?.args.result;
      if (result !== undefined) return { type: "certified", result };
      const outcome = failed[0]?.args.outcome;
      if (outcome !== undefined) return { type: "failed", outcome };
      return claimed.length > 0 ? { type: "claimed" } : undefined;
    },

    async waitFor(what, look, timeoutMs) {
      const deadline = clock.now() + timeoutMs;
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        if (clock.now() > deadline) {
          throw new HanseError("HANSE_TIMED_OUT", `${what} did not happen within ${timeoutMs / 1000} s`);
        }
        await clock.sleep(pollMs, signal);
      }
    },
  };
}
