import fc from "fast-check";
import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import { createBook } from "#src/book/book.ts";
import type { Proposal } from "#src/book/proposal.ts";
import type { BookEntry } from "#src/book/resting-order.ts";
import { checkMatch } from "#src/protocol/match-rules.ts";
import { ANYONE, onlyAccount, onlyAsset, onlyMembersOf } from "#src/protocol/restrictions.ts";
import { tagsToHex } from "#src/protocol/tags.ts";
import {
  APP,
  appEntry,
  DATASET,
  datasetEntry,
  hashOf,
  POOL,
  poolEntry,
  requestEntry,
} from "./support/entries.ts";
import { createNaiveBook, type NaiveMatch } from "./support/naive-book.ts";

const REQUESTERS = [
  "0x00000000000000000000000000000000000000a1",
  "0x00000000000000000000000000000000000000A2",
] as const;
const GROUP = onlyMembersOf("0x00000000000000000000000000000000000000Fe");
const STEPS = Number(process.env.HANSE_BOOK_RUNS ?? 60);

// Few values, so that orders meet, collide and restrict each other often.
const price = fc.bigInt({ min: 1n, max: 4n });
const bid = fc.bigInt({ min: 2n, max: 6n });
const tag = fc.constantFrom(...[[], [], [], ["gpu"] as const].map(tagsToHex));
const offered = fc.constantFrom(...[[], ["gpu"] as const].map(tagsToHex));
const app = fc.constantFrom(APP, APP, APP, APP, APP + 1n);
const dataset = fc.constantFrom(0n, 0n, DATASET);
const pool = fc.constantFrom(POOL, POOL + 1n);
const category = fc.constantFrom(1, 1, 2);
const only = <T>(values: readonly T[], of: (value: T) => Hex) =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(ANYONE) }, fc.constantFrom(...values.map(of), GROUP));
const onlyRequester = only(REQUESTERS, onlyAccount);
const onlyPool = only([POOL, POOL + 1n], onlyAsset);
const onlyApp = only([APP], onlyAsset);
const onlyDataset = only([DATASET], onlyAsset);
const conditions = fc
  .record({
    volume: fc.integer({ min: 1, max: 6 }),
    minFill: fc.integer({ min: 1, max: 3 }),
    validUntil: fc.bigInt({ min: 2n, max: 30n }),
  })
  .map((values) => ({ ...values, minFill: Math.min(values.minFill, values.volume) }));

type Make = (sequence: number) => BookEntry;
const make = fc.oneof(
  fc
    .record({
      order: fc.record({
        app,
        price,
        tag,
        trust: fc.constantFrom(0, 2),
        onlyDataset,
        onlyPool,
        onlyRequester,
      }),
      conditions,
    })
    .map(
      (input): Make =>
        (sequence) =>
          appEntry({ sequence, ...input }),
    ),
  fc.record({ order: fc.record({ price, tag, onlyApp, onlyPool, onlyRequester }), conditions }).map(
    (input): Make =>
      (sequence) =>
        datasetEntry({ sequence, ...input }),
  ),
  fc
    .record({
      order: fc.record({
        pool,
        price,
        category,
        tag: offered,
        trust: fc.constantFrom(1, 5),
        onlyApp,
        onlyDataset,
        onlyRequester,
      }),
      conditions,
    })
    .map(
      (input): Make =>
        (sequence) =>
          poolEntry({ sequence, ...input }),
    ),
  fc
    .record({
      order: fc.record({
        requester: fc.constantFrom(...REQUESTERS),
        app,
        dataset,
        category,
        tag,
        trust: fc.constantFrom(0, 2),
        maxAppPrice: bid,
        maxDatasetPrice: bid,
        maxPoolPrice: bid,
        onlyApp,
        onlyDataset,
        onlyPool,
      }),
      conditions,
    })
    .map(
      (input): Make =>
        (sequence) =>
          requestEntry({ sequence, ...input }),
    ),
);

const pick = fc.nat({ max: 1_000 });
const step = fc.oneof(
  { weight: 20, arbitrary: make.map((of) => ({ type: "add", of }) as const) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("match" as const), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("end" as const),
      pick,
      filled: fc.boolean(),
      member: fc.boolean(),
    }),
  },
  fc.record({ type: fc.constant("remove" as const), pick }),
  fc.record({ type: fc.constant("remaining" as const), pick, remaining: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ type: fc.constant("fillable" as const), pick, fillable: fc.boolean() }),
  fc.record({ type: fc.constant("exclude" as const), pick, other: pick }),
  fc.record({
    type: fc.constantFrom("readmit" as const, "forget" as const, "tick" as const, "expire" as const),
  }),
);

describe("against a market by brute force", () => {
  test(
    "random flows give the same matches, within volumes and restrictions",
    () => {
      let matched = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
          matched += play(steps);
        }),
        { numRuns: STEPS },
      );
      // A property that never sees a match proves nothing.
      expect(matched).toBeGreaterThan(STEPS);
    },
    60_000 + STEPS * 1_000,
  );
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function play(steps: readonly Step[]): number {
  const book = createBook();
  const naive = createNaiveBook();
  const flying: { proposal: Proposal; match: NaiveMatch }[] = [];
  const known: Hex[] = [];
  let [sequence, now, matched] = [0, 1n, 0];
  const chosen = (index: number) => known[index % Math.max(known.length, 1)] ?? hashOf(0);

  for (const each of steps) {
    switch (each.type) {
      case "add": {
        const entry = each.of(++sequence);
        known.push(entry.hash);
        book.add(entry);
        naive.add(entry);
        break;
      }
      case "match": {
        const found = book.nextMatches(each.limit, now);
        const expected = naive.nextMatches(each.limit, now);
        expect(found.map(shape)).toEqual(expected);
        for (const [index, proposal] of found.entries()) {
          assertLawful(proposal);
          for (const hash of expected[index]?.hashes ?? []) {
            const { remaining, reserved } = naive.orders.get(hash) ?? { remaining: 0, reserved: 0 };
            expect(reserved, "reserved beyond the volume").toBeLessThanOrEqual(remaining);
          }
          flying.push({ proposal, match: expected[index] as NaiveMatch });
        }
        matched += found.length;
        break;
      }
      case "end": {
        const [ended] = flying.splice(each.pick % Math.max(flying.length, 1), 1);
        if (ended === undefined) break;
        for (const question of ended.proposal.questions) {
          book.answer(question, each.member);
          naive.answer(question, each.member);
        }
        if (each.filled) book.confirm(ended.proposal.id);
        else book.release(ended.proposal.id);
        naive.end(ended.match, each.filled);
        break;
      }
      case "remove":
        book.remove(chosen(each.pick));
        naive.remove(chosen(each.pick));
        break;
      case "remaining": {
        const order = naive.orders.get(chosen(each.pick));
        if (order === undefined) break;
        // A fill elsewhere lowers it, a reorg raises it.
        const remaining = Math.min(each.remaining, order.entry.signed.order.conditions.volume);
        order.remaining = remaining;
        book.setRemaining(chosen(each.pick), remaining);
        break;
      }
      case "fillable": {
        const order = naive.orders.get(chosen(each.pick));
        if (order !== undefined) order.fillable = each.fillable;
        book.setFillable(chosen(each.pick), each.fillable ? true : "PayerUnfunded");
        break;
      }
      case "exclude":
        book.exclude(chosen(each.pick), chosen(each.other), "SeatsTooFew");
        naive.exclude(chosen(each.pick), chosen(each.other));
        break;
      case "readmit":
        book.readmit();
        naive.readmit();
        break;
      case "forget":
        book.forgetAnswers();
        naive.forgetAnswers();
        break;
      case "tick":
        now++;
        break;
      case "expire":
        book.expire(now);
        naive.expire(now);
        break;
    }
    assertDepth(book, naive);
  }
  return matched;
}

function shape({ request, app, dataset, pool, volume, questions }: Proposal): NaiveMatch {
  const hashes = [request, app, ...(dataset ? [dataset] : []), pool].map(({ hash }) => hash);
  return { hashes, volume, open: questions.length };
}

function assertLawful({ request, app, dataset, pool, volume }: Proposal): void {
  const orders = [request, app, ...(dataset ? [dataset] : []), pool].map(({ signed }) => signed.order);
  expect(
    checkMatch({
      request: request.signed.order,
      app: app.signed.order,
      dataset: dataset?.signed.order,
      pool: pool.signed.order,
    }).type,
  ).toBe("compatible");
  for (const { conditions: of } of orders) {
    expect(volume).toBeLessThanOrEqual(of.volume);
    expect(volume).toBeGreaterThanOrEqual(of.minFill);
  }
}

/** Depth is kept up to date step by step; it has to equal what can be counted. */
function assertDepth(book: ReturnType<typeof createBook>, naive: ReturnType<typeof createNaiveBook>): void {
  for (const category of [1, 2]) {
    const count = (type: "pool" | "request") => {
      const levels = new Map<bigint, number>();
      for (const { entry, remaining, reserved, fillable } of naive.orders.values()) {
        const { signed } = entry;
        const left = Math.max(remaining - reserved, 0);
        if (signed.type !== type || signed.order.category !== category) continue;
        if (!fillable || left < signed.order.conditions.minFill) continue;
        const at = signed.type === "pool" ? signed.order.price : signed.order.maxPoolPrice;
        levels.set(at, (levels.get(at) ?? 0) + left);
      }
      return [...levels].sort(([a], [b]) => Number(type === "pool" ? a - b : b - a));
    };
    const { asks, bids } = book.depth(category);
    expect(asks.map((level) => [level.price, level.volume])).toEqual(count("pool"));
    expect(bids.map((level) => [level.price, level.volume])).toEqual(count("request"));
  }
}
