import type { Hex, TransactionReceipt } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Call, Sender } from "#src/chain/sender.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type Deal, idOfDeal, taskId } from "#src/protocol/deals.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import { spendingOf, storeSpendings } from "./spendings.ts";

export interface MeteredSenderDeps {
  readonly chain: ChainClient;
  readonly sender: Pick<Sender, "send">;
  readonly database: PoolDatabase;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * A sender that books what its transactions cost, those too that were mined in vain and leave no event to find them by.
 * A booking that fails does no more than a line in the log: most are found again when their block is followed.
 */
export function createMeteredSender<Metered extends Pick<Sender, "send">>(
  deps: MeteredSenderDeps & { readonly sender: Metered },
): Metered {
  const { chain, sender, database, logger, clock = systemClock } = deps;

  return {
    ...sender,
    async send(...sent: Parameters<Sender["send"]>) {
      try {
        const receipt = await sender.send(...sent);
        await book(sent[0], receipt);
        const { transactionHash: tx, blockNumber: block, gasUsed: gas } = receipt;
        logger.info({ ...namesOf(sent[0]), what: sent[0].functionName, tx, block, gas }, "transaction mined");
        return receipt;
      } catch (error) {
        const hash = isHanseError(error, "HANSE_TRANSACTION_REVERTED")
          ? error.details.transaction
          : undefined;
        if (typeof hash === "string") await bookFailed(sent[0], hash as Hex);
        throw error;
      }
    },
  };

  async function bookFailed(call: Call, hash: Hex): Promise<void> {
    const receipt = await chain.viem.getTransactionReceipt({ hash }).catch(() => undefined);
    logger.warn(
      { ...namesOf(call), what: call.functionName, tx: hash },
      "transaction failed when it was mined",
    );
    if (receipt === undefined) logger.warn({ tx: hash }, "a transaction that failed could not be booked");
    else await book(call, receipt);
  }

  async function book(call: Call, receipt: TransactionReceipt): Promise<void> {
    const served = { taskId: namesOf(call).task, what: call.functionName, at: new Date(clock.now()) };
    await storeSpendings(database.kysely, [spendingOf(receipt, served)]).catch((err: unknown) =>
      logger.warn({ err, tx: receipt.transactionHash }, "a transaction could not be booked"),
    );
  }
}

/** Poco's functions about a task begin with its deal and index. */
function namesOf({ args: [deal, index] }: Call): { readonly deal?: Hex; readonly task?: Hex } {
  if (typeof deal !== "object" || deal === null || !("requestId" in deal)) return {};
  const id = idOfDeal(deal as Deal);
  return typeof index === "number" ? { deal: id, task: taskId(deal as Deal, index) } : { deal: id };
}
