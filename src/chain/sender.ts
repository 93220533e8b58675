import { randomUUID } from "node:crypto";
import { type Abi, type Address, encodeFunctionData, type LocalAccount, type TransactionReceipt } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import { createOpenTransactions } from "./open-transactions.ts";
import { createTransactionCourse } from "./transaction-course.ts";
import { createMemoryJournal, type JournalEntry, type TransactionJournal } from "./transaction-journal.ts";

/** A call of a contract that changes state. */
export interface Call {
  readonly address: Address;
  readonly abi: Abi | readonly unknown[];
  readonly functionName: string;
  readonly args: readonly unknown[];
}

export interface SendOptions {
  /**
   * Names what is meant, on this chain, among all that is sent with the journal. The same id is never sent twice, also
   * after a restart: whoever sends it again gets what became of the first. Only what was refused may be sent anew.
   */
  readonly id?: string;
}

export interface Sender {
  readonly address: Address;
  /**
   * Has a call mined.
   * @throws HANSE_TRANSACTION_REVERTED when the contract refuses, mostly before anything is sent;
   * HANSE_TRANSACTION_UNFUNDED; HANSE_TRANSACTION_LOST: it may still be mined, and is seen to while `run` does;
   * HANSE_RPC_UNAVAILABLE, HANSE_RPC_REFUSED: nothing was sent
   */
  send(call: Call, options?: SendOptions): Promise<TransactionReceipt>;
}

/** A sender that remembers, as well as its journal does. */
export interface JournaledSender extends Sender {
  /** Calls that somebody waits for. */
  readonly waiting: number;
  /**
   * Waits for what was sent under an id, by this process or another before it.
   * @returns undefined when nothing was, or nothing came of it
   * @throws as `send` does
   */
  receiptOf(id: string): Promise<TransactionReceipt | undefined>;
  /**
   * Takes up what the journal holds and sees to it until the signal aborts, whether somebody waits or not: broadcasts
   * again, replaces at a higher price, opens again what a reorganisation undid. One process at a time for an account.
   */
  run(signal: AbortSignal): Promise<void>;
}

export interface SenderDeps {
  readonly chain: ChainClient;
  readonly account: LocalAccount;
  /** In memory unless given: then nothing outlives the process. */
  readonly journal?: TransactionJournal;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface SenderOptions {
  /** How long a caller waits for the transaction to be mined, in milliseconds; one minute unless told. */
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  /** Blocks on top of its own that make a transaction final where the chain does not tell; 12 unless told. */
  readonly confirmations?: number;
  /** Milliseconds after which what is not mined is broadcast again; 5 s unless told. */
  readonly rebroadcastMs?: number;
  /** Milliseconds after which a higher price is offered, if blocks were mined meanwhile; 15 s unless told. */
  readonly replaceMs?: number;
  /** How long the journal keeps what is final, and so knows its id, in milliseconds; a week unless told. */
  readonly keepMs?: number;
}

const WEEK_MS = 7 * 86_400_000;
const PRUNE_EVERY_MS = 3_600_000;
const FAILURE_PAUSE_MS = 1_000;

/** Sends the transactions of one key, nonces in order, any number waiting to be mined at once. */
export function createSender(deps: SenderDeps, options: SenderOptions = {}): JournaledSender {
  const { chain, account, journal = createMemoryJournal(), logger, clock = systemClock } = deps;
  const { timeoutMs = 60_000, pollMs = 250, keepMs = WEEK_MS } = options;
  const { confirmations = 12, rebroadcastMs = 5_000, replaceMs = 15_000 } = options;
  const { address } = account;
  const open = createOpenTransactions({ chain, account, journal, logger, clock });
  const look = createTransactionCourse(
    { chain, open, logger, clock },
    { address, confirmations, rebroadcastMs, replaceMs },
  );
  const under = new Map<string, Promise<TransactionReceipt>>();
  const waiters = new Map<string, PromiseWithResolvers<TransactionReceipt>>();
  let running = 0;
  let loaded: Promise<void> | undefined;
  let looking = false;
  let wake: () => void = () => undefined;

  /** One course for an id, however many ask for it. */
  function once(
    id: string,
    course: () => Promise<TransactionReceipt>,
    what: string,
  ): Promise<TransactionReceipt> {
    const present = under.get(id);
    if (present !== undefined) return present;
    const begun = course()
      .catch((error: unknown) => {
        throw asChainError(error, what);
      })
      .finally(() => under.delete(id));
    under.set(id, begun);
    return begun;
  }

  /** What the journal holds is read before anything is signed: it knows which nonces are used. */
  async function ready(): Promise<void> {
    loaded ??= open.load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    await loaded;
  }

  async function resumable(id: string): Promise<JournalEntry | undefined> {
    await ready();
    const entry = await open.find(id);
    if (entry === undefined || entry.state === "refused") return undefined;
    if (entry.from !== address) {
      throw new HanseError("HANSE_CONFLICT", `${id} was sent by ${entry.from}`, {
        details: { id, by: entry.from },
      });
    }
    // A chain that was rewound may have lost what was final: it is looked at like the rest.
    return entry.state === "final" ? await open.save(entry, { state: "mined" }) : entry;
  }

  async function mined({ id, what }: Pick<JournalEntry, "id" | "what">): Promise<TransactionReceipt> {
    const waiter = Promise.withResolvers<TransactionReceipt>();
    waiters.set(id, waiter);
    seeToIt();
    const timer = new AbortController();
    const lost = clock.sleep(timeoutMs, timer.signal).then(() => {
      throw new HanseError("HANSE_TRANSACTION_LOST", `${what} was not mined in ${timeoutMs} ms`, {
        details: { id },
      });
    });
    try {
      return await Promise.race([waiter.promise, lost]);
    } finally {
      timer.abort();
      waiters.delete(id);
    }
  }

  function seeToIt(): void {
    wake();
    if (looking) return;
    looking = true;
    void lookWhileNeeded().finally(() => {
      looking = false;
      // Somebody may have come between the last look and now.
      if (isNeeded()) seeToIt();
    });
  }

  function isNeeded(): boolean {
    return waiters.size > 0 || (running > 0 && open.settled().length > 0);
  }

  async function lookWhileNeeded(): Promise<void> {
    while (isNeeded()) {
      let pauseMs = pollMs;
      try {
        for (const end of await look(new Set(waiters.keys()))) {
          const waiter = waiters.get(end.id);
          if ("receipt" in end) waiter?.resolve(end.receipt);
          else if (waiter !== undefined) waiter.reject(end.error);
          else logger?.warn({ id: end.id, err: end.error }, "a transaction nobody waits for was refused");
        }
      } catch (error) {
        logger?.warn({ err: asChainError(error, "looking at transactions") }, "trying again");
        pauseMs = Math.max(pollMs, FAILURE_PAUSE_MS);
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (isNeeded()) await pause(pauseMs);
    }
  }

  /** Ends early when somebody comes. */
  async function pause(ms: number): Promise<void> {
    const nap = new AbortController();
    wake = () => nap.abort();
    await clock.sleep(ms, nap.signal).catch(() => undefined);
    wake = () => undefined;
  }

  return {
    address,
    get waiting() {
      return under.size;
    },
    send(call, { id = `once:${randomUUID()}` } = {}) {
      const what = `${call.functionName} by ${address}`;
      return once(
        id,
        async () => {
          const entry = await resumable(id);
          if (entry !== undefined) return await mined(entry);
          const data = encodeFunctionData(call as never);
          await open.submit({ id, what, call: { to: call.address, data } });
          return await mined({ id, what });
        },
        what,
      );
    },
    async receiptOf(id) {
      const entry = await resumable(id);
      return entry === undefined ? undefined : await once(id, () => mined(entry), entry.what);
    },
    async run(signal) {
      running++;
      try {
        await takeUp(signal);
        while (!signal.aborted) {
          await journal
            .prune(clock.now() - keepMs)
            .catch((err: unknown) => logger?.warn({ err }, "the journal cannot be pruned"));
          await clock.sleep(PRUNE_EVERY_MS, signal).catch(() => undefined);
        }
      } finally {
        running--;
      }
    },
  };

  /** Again until it works: nothing else sees to what a former process left. */
  async function takeUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        loaded = open.load();
        await loaded;
        const left = open.settled().filter(({ state }) => state === "open");
        if (left.length > 0) logger?.info({ transactions: left.length }, "transactions under way taken up");
        await Promise.all(left.map((each) => open.rebroadcast(each)));
        seeToIt();
        return;
      } catch (error) {
        loaded = undefined;
        logger?.warn({ err: asChainError(error, "taking up transactions") }, "trying again");
        await clock.sleep(FAILURE_PAUSE_MS, signal).catch(() => undefined);
      }
    }
  }
}
