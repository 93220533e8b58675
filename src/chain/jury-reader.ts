import type { Hex } from "viem";
import { juryAbi } from "#src/abi/jury-abi.ts";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import type { Deployment } from "./deployment.ts";
import { createPocoReader, type PocoReader } from "./poco-reader.ts";
import { createTaskWatcher } from "./task-watcher.ts";

/** What jurors are asked about a deal of goods: the one task of a deal of computing. */
export interface JuryCase {
  readonly id: Hex;
  readonly deal: Deal;
  readonly index: number;
  readonly task: Hex;
}

/** What a juror has revealed. */
export interface Revealed {
  readonly position: number;
  readonly answer: Hex;
}

/** What anyone can read of the Jury. */
export interface JuryReader {
  /** Seats, draws and seals: what the Jury shares with Poco. */
  readonly panel: PocoReader;
  /** The request for which jurors were summoned last, if they were. */
  summoned(goods: Hex): Promise<Hex | undefined>;
  /** Undefined while no request about the deal of goods was sealed. */
  find(goods: Hex): Promise<JuryCase | undefined>;
  revealed(found: JuryCase): Promise<readonly Revealed[]>;
}

export function createJuryReader(chain: ChainClient, deployment: Deployment): JuryReader {
  const { jury, receipt } = deployment.contracts;
  const watcher = createTaskWatcher({ chain, deployment });
  const requestsOf = async (goods: Hex) => {
    const logs = await chain.viem
      .getContractEvents({
        ...{ address: receipt, abi: receiptAbi, eventName: "JurySummoned", args: { id: goods } },
        ...{ fromBlock: deployment.deployedAtBlock, strict: true },
      })
      .catch((error: unknown) => {
        throw asChainError(error, "reading who was summoned");
      });
    return logs.map(({ args }) => args.requestHash);
  };

  return {
    panel: createPocoReader(chain, deployment, jury),
    summoned: async (goods) => (await requestsOf(goods)).at(-1),

    async find(goods) {
      // Summoned by several, they are asked once: all of these requests share one volume.
      for (const request of await requestsOf(goods)) {
        const [sealed] = await watcher.dealsOf(request);
        if (sealed === undefined) continue;
        const { id, deal } = sealed;
        return { id, deal, index: deal.firstTask, task: taskId(deal, deal.firstTask) };
      }
      return undefined;
    },

    async revealed({ task, deal }) {
      const logs = await chain.viem
        .getContractEvents({
          ...{ address: jury, abi: juryAbi, eventName: "Revealed", args: { taskId: task } },
          ...{ fromBlock: deal.sealedAtBlock, strict: true },
        })
        .catch((error: unknown) => {
          throw asChainError(error, "reading what was revealed");
        });
      return logs.map(({ args: { position, answer } }) => ({ position, answer }));
    },
  };
}
