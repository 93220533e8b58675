import { type Address, type Hex, type LocalAccount, TransactionNotFoundError } from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ChainClient } from "./chain-client.ts";
import { failureOf } from "./endpoint-failure.ts";
import {
  currentOf,
  isFinished,
  type JournalEntry,
  type SignedTransaction,
  type TransactionJournal,
} from "./transaction-journal.ts";
import {
  currentFees,
  type Fees,
  type RawCall,
  raisedFees,
  signTransaction,
  type Unsigned,
  unsignedOf,
} from "./transaction-signer.ts";

export interface OpenTransactionsDeps {
  readonly chain: ChainClient;
  readonly account: LocalAccount;
  readonly journal: TransactionJournal;
  readonly logger?: Logger | undefined;
  readonly clock: Clock;
}

/** What is meant, ready to be signed. */
export interface Intent {
  readonly id: string;
  readonly what: string;
  readonly call: RawCall;
  /** What was signed for it before. */
  readonly before?: readonly SignedTransaction[];
}

/** The transactions of one key that are not final: each is journaled before anybody else sees it. */
export interface OpenTransactions {
  /** Reads the journal, again if it was read before. */
  load(): Promise<void>;
  find(id: string): Promise<JournalEntry | undefined>;
  /** Open and mined, by nonce; without those that are being sent at this moment. */
  settled(): readonly JournalEntry[];
  /** Writes down what became of one. */
  save(entry: JournalEntry, change?: Partial<JournalEntry>): Promise<JournalEntry>;
  /**
   * Rehearses a call, signs, journals and broadcasts it.
   * @throws what the node says when it does not take it: then nothing was sent
   */
  submit(intent: Intent): Promise<void>;
  /** Hands the same bytes to the nodes again. */
  rebroadcast(entry: JournalEntry): Promise<void>;
  /** Offers more for the same nonce, unless that would not help. */
  raise(entry: JournalEntry): Promise<void>;
  /** Sends nothing to itself in each nonce from `from` to before `to`, which nobody else will use. */
  fillGap(from: number, to: number): Promise<void>;
}

/** Room above the estimate: state may change between the estimate and the block. */
const GAS_MARGIN_PERCENT = 130n;
const NONCE_ATTEMPTS = 3;
const TRANSFER_GAS = 21_000n;
const LARGEST_GAP = 64;

export function createOpenTransactions(deps: OpenTransactionsDeps): OpenTransactions {
  const { chain, account, journal, logger, clock } = deps;
  const open = new Map<string, JournalEntry>();
  const submitting = new Set<string>();
  let nextNonce: number | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time: the nonce is taken by whoever gets through. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  const count = (blockTag: "latest" | "pending") =>
    chain.viem.getTransactionCount({ address: account.address, blockTag });

  async function save(entry: JournalEntry, change: Partial<JournalEntry> = {}): Promise<JournalEntry> {
    const next = { ...entry, ...change, changedAt: clock.now() };
    await journal.put(next);
    if (isFinished(next)) open.delete(next.id);
    else open.set(next.id, next);
    return next;
  }

  const sign = (unsigned: Unsigned) =>
    signTransaction({ account, chainId: chain.chainId, now: clock.now() }, unsigned);

  /** The estimate is also the rehearsal: a refusal comes out here, before anything is signed. */
  async function rehearse(call: RawCall): Promise<{ gas: bigint; fees: Fees }> {
    const [estimate, fees, balance] = await Promise.all([
      chain.viem.estimateGas({ account: account.address, ...call }),
      currentFees(chain),
      chain.viem.getBalance({ address: account.address }),
    ]);
    const gas = (estimate * GAS_MARGIN_PERCENT) / 100n;
    const needed = gas * fees.maxFeePerGas;
    if (balance < needed) {
      throw new HanseError("HANSE_TRANSACTION_UNFUNDED", `${account.address} has no coin to pay for gas`, {
        details: { address: account.address, balanceWei: balance, neededWei: needed },
      });
    }
    return { gas, fees };
  }

  /** The lowest nonce that neither the node nor the journal knows as used. */
  async function freeNonce(): Promise<number> {
    const used = [...open.values()]
      .filter(({ state }) => state === "open")
      .map((each) => currentOf(each).nonce + 1);
    return Math.max(await count("pending"), ...used);
  }

  async function take({ id, what, before = [] }: Intent, unsigned: Omit<Unsigned, "nonce">): Promise<void> {
    let earlier = before;
    for (let attempt = 1; ; attempt++) {
      nextNonce ??= await freeNonce();
      const nonce = nextNonce;
      const current = await sign({ ...unsigned, nonce });
      const signed = [...earlier, current] as unknown as JournalEntry["signed"];
      const head = { chain: await chain.genesisHash(), id, from: account.address, what };
      const entry = await save({ ...head, state: "open", signed, changedAt: clock.now() });
      try {
        await chain.broadcast(current.signed);
        nextNonce = nonce + 1;
        return;
      } catch (error) {
        nextNonce = undefined;
        const { type } = failureOf(error, "eth_sendRawTransaction");
        // It may be on its way: from here on it is seen to like any other.
        if ((type !== "refused" && type !== "unable") || (await isKnown(current.hash))) return;
        // Somebody else uses the key too: the next nonce. Should a node that is behind not have known it, it is found later.
        if (attempt < NONCE_ATTEMPTS && (await count("pending")) > nonce) {
          earlier = signed;
          continue;
        }
        await save(entry, { state: "refused" });
        throw error;
      }
    }
  }

  /** Unknown is only what a node says that it does not know: one that does not answer may have it. */
  const isKnown = (hash: Hex) =>
    chain.viem.getTransaction({ hash }).then(
      () => true,
      (error: unknown) => !(error instanceof TransactionNotFoundError),
    );

  /** For what is seen to anyway: a failure is only told. */
  async function offer(
    signed: SignedTransaction,
    entry: Pick<JournalEntry, "id" | "what">,
    why: string,
  ): Promise<void> {
    const details = { id: entry.id, what: entry.what, transaction: signed.hash, nonce: signed.nonce };
    try {
      await chain.broadcast(signed.signed);
      logger?.info(details, why);
    } catch (err) {
      logger?.debug({ ...details, err }, `${why}: no node took it`);
    }
  }

  return {
    async load() {
      await inTurn(async () => {
        const found = await journal.unfinished(await chain.genesisHash(), account.address);
        open.clear();
        nextNonce = undefined;
        for (const entry of found) open.set(entry.id, entry);
      });
    },
    find: async (id) => journal.find(await chain.genesisHash(), id),
    settled: () =>
      [...open.values()]
        .filter(({ id }) => !submitting.has(id))
        .sort((a, b) => currentOf(a).nonce - currentOf(b).nonce),
    save,
    async submit(intent) {
      submitting.add(intent.id);
      try {
        const { gas, fees } = await rehearse(intent.call);
        await inTurn(() => take(intent, { ...intent.call, gas, fees }));
      } finally {
        submitting.delete(intent.id);
      }
    },
    rebroadcast: (entry) => offer(currentOf(entry), entry, "transaction broadcast again"),
    async raise(entry) {
      const before = unsignedOf(currentOf(entry));
      const fees = raisedFees(before.fees, await currentFees(chain));
      if (fees === undefined) return;
      const replacement = await sign({ ...before, fees });
      await save(entry, { signed: [...entry.signed, replacement] });
      await offer(replacement, entry, "transaction replaced at a higher price");
    },
    async fillGap(from, to) {
      await inTurn(async () => {
        const fees = await currentFees(chain);
        nextNonce = undefined;
        for (let nonce = from; nonce < Math.min(to, from + LARGEST_GAP); nonce++) {
          const call = { to: account.address as Address, data: "0x" as const };
          await offer(
            await sign({ ...call, nonce, gas: TRANSFER_GAS, fees }),
            GAP,
            "nonce that was lost filled",
          );
        }
      });
    },
  };
}

/** Not journaled: what does nothing may be sent any number of times. */
const GAP = { id: "gap", what: "nothing" };
