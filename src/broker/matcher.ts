import type { Hex } from "viem";
import type { Book } from "#src/book/book.ts";
import type { Proposal } from "#src/book/proposal.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Leg, Refusal } from "#src/protocol/refusals.ts";
import { finishAttempt, settleAttempts } from "./attempt-settlement.ts";
import type { BrokerMetrics } from "./broker-metrics.ts";
import type { BrokerDatabase } from "./broker-tables.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { MarketChain, MatchPreview, SealOutcome } from "./market-chain.ts";
import type { MarketTime } from "./market-time.ts";
import type { OrderLedger } from "./order-ledger.ts";
import { reviewProposals } from "./proposal-review.ts";
import { beginAttempt, endAttempt, type SealAttempt } from "./seal-attempts.ts";
import { sealBatch } from "./seal-batch.ts";

export interface MatcherDeps {
  readonly chain: MarketChain;
  readonly book: Book;
  readonly ledger: OrderLedger;
  readonly facts: ChainFacts;
  readonly time: MarketTime;
  readonly database: BrokerDatabase;
  readonly metrics: BrokerMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MatcherOptions {
  /** Matches in one transaction at most. */
  readonly batchSize: number;
}

export interface Matcher {
  /** One batch, from the book to the receipt. @returns whether there was anything to do */
  round(): Promise<boolean>;
  /** Seals what matches until the signal aborts; sleeps in between until it is woken. */
  run(signal: AbortSignal): Promise<void>;
  /** Something changed that may match. */
  wake(): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Expiry is looked at this often when nothing else happens. */
const IDLE_MS = 1_000;

/** Refusals that are about one order, whoever it is matched with. */
const OF_ONE_ORDER: ReadonlySet<Refusal> = new Set([
  "WrongKind",
  "BadSignature",
  "Expired",
  "WrongEpoch",
  "CancelledOrFilled",
  "NotTheMatcher",
  "SponsorNotSigned",
  "SponsorCapTooLow",
  "CertifierNotRegistered",
  "PayerUnfunded",
]);

export function createMatcher(deps: MatcherDeps, { batchSize }: MatcherOptions): Matcher {
  const { chain, book, ledger, facts, time, database, metrics, clock, logger } = deps;
  let awake = Promise.withResolvers<void>();
  // After a batch that failed as a whole, matches go one by one until one succeeds: one bad match spoils no others.
  let alone = false;
  let failures = 0;
  // From before a batch is sent until its end is written down, which chain or database may prevent: nothing more is sealed
  // before that. A process before this one may have left some.
  let unsettled = true;
  // Out of the book, and not written down before the database takes it.
  const expired: Hex[] = [];

  async function round(): Promise<boolean> {
    if (unsettled) {
      facts.forget();
      await settleAttempts(deps);
      unsettled = false;
    }
    const now = time.passed();
    for (const hash of book.expire(now)) expired.push(hash);
    await ledger.expire(expired);
    expired.length = 0;
    const proposals = book.nextMatches(alone ? 1 : batchSize, now);
    if (proposals.length === 0) return false;
    try {
      const { good, refused } = await reviewProposals({ facts, book }, proposals);
      for (const { proposal, leg, refusal } of refused) await blame(proposal, leg, refusal);
      const sealable = good.length > 0 ? await rehearse(good) : [];
      if (sealable.length > 0) await seal(sealable);
      return true;
    } finally {
      // Whatever was filled has been read from the chain by now.
      for (const { id } of proposals) book.release(id);
    }
  }

  /** Asks the Clerk about each match first: signers, terms and certifiers are its to judge, and asking costs nothing. */
  async function rehearse(proposals: readonly Proposal[]): Promise<Proposal[]> {
    let previews: readonly MatchPreview[];
    try {
      previews = await chain.preview(sealBatch(proposals));
    } catch (error) {
      await failed(undefined, proposals, error);
      throw error;
    }
    const sealable: Proposal[] = [];
    for (const [index, proposal] of proposals.entries()) {
      const { leg, refusal } = previews[index] ?? { leg: "request", refusal: "None" };
      if (refusal === "None") sealable.push(proposal);
      else await blame(proposal, leg, refusal);
    }
    return sealable;
  }

  async function seal(proposals: readonly Proposal[]): Promise<void> {
    unsettled = true;
    const attempt = await beginAttempt(database.kysely, proposals);
    const endTimer = metrics.sealSeconds.startTimer();
    let outcome: SealOutcome;
    try {
      outcome = await chain.seal(sealBatch(proposals), attempt.name);
    } catch (error) {
      facts.forget();
      const unknown = isHanseError(error, "HANSE_TRANSACTION_LOST") || isRetryable(error);
      if (!unknown) await failed(attempt, proposals, error);
      throw error;
    }
    endTimer();
    facts.forget();
    failures = 0;
    alone = false;
    const { txHash, sealed, refused } = outcome;
    await finishAttempt(deps, attempt, outcome);
    unsettled = false;
    for (const { index, leg, refusal } of refused) {
      const proposal = proposals[index];
      if (proposal !== undefined) await blame(proposal, leg, refusal);
    }
    metrics.sealed.inc(sealed.length);
    for (const { id, orders, deal } of sealed) {
      const { request, ...others } = orders;
      logger.info({ order: request, deal: id, tasks: deal.volume, ...others, txHash }, "deal sealed");
    }
    logger.info({ txHash, sealed: sealed.length, refused: refused.length }, "batch sealed");
  }

  /** Nothing was sealed; what the orders are worth now, the chain knows. */
  async function failed(
    attempt: SealAttempt | undefined,
    proposals: readonly Proposal[],
    error: unknown,
  ): Promise<void> {
    facts.forget();
    const code = isHanseError(error) ? error.code : "HANSE_INTERNAL";
    await ledger.reassess(
      { orders: proposals.flatMap(hashesOf) },
      attempt === undefined
        ? {}
        : { also: (trx) => endAttempt(trx, attempt.id, { status: "failed", outcome: { code } }) },
    );
    unsettled = false;
    const refusedByContract = isHanseError(error, "HANSE_TRANSACTION_REVERTED");
    const [only] = proposals;
    if (refusedByContract && proposals.length === 1 && only !== undefined) {
      // Not even refused properly: these orders together break the call.
      book.exclude(only.request.hash, only.pool.hash, "SealReverted");
    }
    alone = refusedByContract;
  }

  /** Keeps what was refused from being proposed again at once. */
  async function blame(proposal: Proposal, leg: Leg, refusal: Refusal): Promise<void> {
    const order = proposal[leg] ?? proposal.request;
    logger.info({ request: proposal.request.hash, leg, refusal, order: order.hash }, "match refused");
    // What an operator may still spend of a pool owner's money depends on the match.
    if (OF_ONE_ORDER.has(refusal) || (refusal === "OperatorLimit" && leg === "request")) {
      const refusals = new Map<Hex, Refusal>([[order.hash, refusal]]);
      await ledger.reassess({ orders: [order.hash] }, { refusals });
      return;
    }
    const other = leg === "request" ? proposal.pool : order;
    book.exclude(proposal.request.hash, other.hash, refusal);
  }

  return {
    round,
    wake: () => awake.resolve(),
    async run(signal) {
      while (!signal.aborted) {
        try {
          if (await round()) continue;
        } catch (error) {
          if (signal.aborted) return;
          failures++;
          const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
          logger.warn({ err: asError(error), pauseMs }, "sealing failed, trying again");
          await pause(pauseMs, signal);
          continue;
        }
        awake = Promise.withResolvers();
        await Promise.race([awake.promise, pause(IDLE_MS, signal)]);
      }
    },
  };

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    await clock.sleep(ms, signal).catch(() => undefined);
  }
}

function hashesOf({ request, app, dataset, pool }: Proposal): Hex[] {
  return [request.hash, app.hash, pool.hash, ...(dataset ? [dataset.hash] : [])];
}

function asError(error: unknown): HanseError {
  return isHanseError(error) ? error : new HanseError("HANSE_INTERNAL", "Sealing failed", { cause: error });
}
