import { type TransactionReceipt, TransactionReceiptNotFoundError } from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import type { OpenTransactions } from "./open-transactions.ts";
import { currentOf, type JournalEntry } from "./transaction-journal.ts";
import { unsignedOf } from "./transaction-signer.ts";

export interface TransactionCourseDeps {
  readonly chain: ChainClient;
  readonly open: OpenTransactions;
  readonly logger?: Logger | undefined;
  readonly clock: Clock;
}

export interface TransactionCourseOptions {
  /** Blocks on top of its own after which a transaction counts as final where the chain does not tell. */
  readonly confirmations: number;
  /** Milliseconds after which what is not mined is broadcast again. */
  readonly rebroadcastMs: number;
  /** Milliseconds, and blocks mined meanwhile, after which a higher price is offered. */
  readonly replaceMs: number;
}

/** How a transaction ended, for who waits for it. */
export type TransactionEnd = {
  readonly id: string;
} & ({ readonly receipt: TransactionReceipt } | { readonly error: unknown });

/** Blocks that came and left it out: then its price may be the reason. */
const REPLACE_BLOCKS = 3n;
/** Finality is asked for this often. */
const FINALITY_MS = 1_000;

/**
 * Looks at all open transactions of a key and does what is due.
 * @param awaited ids somebody waits for
 */
export type LookAtTransactions = (awaited: ReadonlySet<string>) => Promise<TransactionEnd[]>;

export function createTransactionCourse(
  deps: TransactionCourseDeps,
  options: TransactionCourseOptions & { readonly address: `0x${string}` },
): LookAtTransactions {
  const { chain, open, logger, clock } = deps;
  const { confirmations, rebroadcastMs, replaceMs, address } = options;
  const broadcastAt = new Map<string, number>();
  let finalityAt = Number.NEGATIVE_INFINITY;
  let gap: number | undefined;

  const count = (block: { readonly blockNumber: bigint } | { readonly blockTag: "latest" }) =>
    chain.agreed.read("a nonce", (viem) => viem.getTransactionCount({ address, ...block } as never), String);

  /** Of whichever of its transactions was mined. */
  async function receiptOf({ signed }: JournalEntry): Promise<TransactionReceipt | undefined> {
    const found = await Promise.all(
      signed.map(({ hash }) =>
        chain.agreed.read(
          "a receipt",
          (viem) =>
            viem.getTransactionReceipt({ hash }).catch((error: unknown) => {
              if (error instanceof TransactionReceiptNotFoundError) return undefined;
              throw error;
            }),
          (receipt) => (receipt === undefined ? "" : `${receipt.blockHash} ${receipt.status}`),
        ),
      ),
    );
    return found.find((receipt) => receipt !== undefined);
  }

  async function finalHeight(): Promise<bigint> {
    const [head, finalized = -1n] = await Promise.all([chain.agreed.head(), chain.agreed.finalized()]);
    const confirmed = head.number - BigInt(confirmations);
    return confirmed > finalized ? confirmed : finalized;
  }

  async function noteMined(
    entry: JournalEntry,
    receipt: TransactionReceipt,
    final: bigint | undefined,
  ): Promise<TransactionEnd> {
    const { id, what } = entry;
    const block = { number: receipt.blockNumber, hash: receipt.blockHash };
    if (receipt.status === "reverted") {
      await open.save(entry, { state: "refused", block });
      const error = new HanseError("HANSE_TRANSACTION_REVERTED", `${what} was refused when it was mined`, {
        details: { transaction: receipt.transactionHash },
      });
      return { id, error };
    }
    if (final !== undefined && block.number <= final) {
      const mined = entry.signed.find(({ hash }) => hash === receipt.transactionHash) ?? currentOf(entry);
      await open.save(entry, { state: "final", block, signed: [mined] });
    } else if (entry.state !== "mined" || entry.block?.hash !== block.hash) {
      await open.save(entry, { state: "mined", block });
    }
    return { id, receipt };
  }

  /** Not mined, or no longer: it is on its way, forgotten, undone, too cheap, or its nonce is another's. */
  async function urge(entry: JournalEntry, nonce: number): Promise<TransactionEnd | undefined> {
    const { id, what } = entry;
    const current = currentOf(entry);
    if (entry.state === "mined") {
      logger?.warn({ id, what }, "the block of a transaction was undone");
      await open.rebroadcast(await open.save(entry, { state: "open", block: undefined }));
      return undefined;
    }
    if (nonce > current.nonce) return await sendAnew(entry);
    const now = clock.now();
    if (
      nonce === current.nonce &&
      now - current.signedAt >= replaceMs &&
      (await chain.viem.getBlockNumber()) >= current.signedAtBlock + REPLACE_BLOCKS
    ) {
      broadcastAt.set(id, now);
      await open.raise(entry);
    } else if (now - (broadcastAt.get(id) ?? current.signedAt) >= rebroadcastMs) {
      broadcastAt.set(id, now);
      await open.rebroadcast(entry);
    }
    return undefined;
  }

  /**
   * Its nonce became another transaction's, which somebody else sent with the key. Only once that is final: as long as it
   * may be undone, ours may be mined yet.
   */
  async function sendAnew(entry: JournalEntry): Promise<TransactionEnd | undefined> {
    const final = await finalHeight();
    if (final < 0n || (await count({ blockNumber: final })) <= currentOf(entry).nonce) return undefined;
    // Asked again now that the nonce is surely used: it may have been ours after all.
    if ((await receiptOf(entry)) !== undefined) return undefined;
    const { id, what, signed } = entry;
    const { to, data } = unsignedOf(currentOf(entry));
    logger?.warn({ id, what, nonce: currentOf(entry).nonce }, "the nonce was used elsewhere, sending anew");
    try {
      await open.submit({ id, what, call: { to, data }, before: signed });
      return undefined;
    } catch (error) {
      // Nobody could be asked: the next look tries again.
      if (asChainError(error, what).retryable) throw error;
      await open.save(entry, { state: "refused" });
      return { id, error };
    }
  }

  /** Nonces below all of ours that nobody used: a chain that was rewound forgot them, and waits for them. */
  async function closeGap(entries: readonly JournalEntry[], nonce: number): Promise<void> {
    const lowest = entries.find(({ state }) => state === "open");
    const missing = lowest === undefined ? 0 : currentOf(lowest).nonce - nonce;
    if (missing <= 0 || lowest === undefined) gap = undefined;
    else if (gap === undefined) gap = clock.now();
    else if (clock.now() - gap >= rebroadcastMs) {
      gap = clock.now();
      await open.fillGap(nonce, currentOf(lowest).nonce);
    }
  }

  return async (awaited) => {
    const due = clock.now() - finalityAt >= FINALITY_MS;
    const entries = open.settled();
    const looked = entries.filter(({ id, state }) => state === "open" || due || awaited.has(id));
    if (looked.length === 0) return [];
    const [receipts, final] = await Promise.all([
      Promise.all(looked.map(receiptOf)),
      due && looked.some(({ state }) => state === "mined") ? finalHeight() : undefined,
    ]);
    if (due) finalityAt = clock.now();
    const ends: TransactionEnd[] = [];
    const missing = looked.filter((_, index) => receipts[index] === undefined);
    // Asked after the receipts, so that a nonce used by ours is not taken for another's.
    const nonce = missing.length > 0 ? await count({ blockTag: "latest" }) : 0;
    for (const [index, entry] of looked.entries()) {
      try {
        const receipt = receipts[index];
        const end = receipt === undefined ? await urge(entry, nonce) : await noteMined(entry, receipt, final);
        if (end !== undefined) ends.push(end);
      } catch (error) {
        // The others' ends have to be told all the same; this one is looked at again.
        const { id, what } = entry;
        logger?.warn({ id, what, err: asChainError(error, what) }, "a transaction cannot be seen to now");
      }
    }
    if (missing.length > 0) await closeGap(missing, nonce);
    for (const { id } of ends) broadcastAt.delete(id);
    return ends;
  };
}
