import type { Hex } from "viem";
import type { BookEntry } from "#src/book/resting-order.ts";
import { checkMatch, type GroupQuestion } from "#src/protocol/match-rules.ts";
import type { OrderType, SignedOrder } from "#src/protocol/orders.ts";

interface NaiveOrder {
  readonly entry: BookEntry;
  remaining: number;
  reserved: number;
  fillable: boolean;
}

export interface NaiveMatch {
  readonly hashes: readonly Hex[];
  readonly volume: number;
  readonly open: number;
}

/** The same market by brute force: every quartet is tried in the order of priority, nothing is remembered. */
export function createNaiveBook() {
  const orders = new Map<Hex, NaiveOrder>();
  const excluded = new Set<string>();
  const answers = new Map<string, boolean>();
  const keyOf = ({ restriction, subject }: GroupQuestion) => restriction + subject;

  const left = ({ remaining, reserved }: NaiveOrder) => remaining - reserved;
  const price = ({ entry: { signed } }: NaiveOrder) =>
    signed.type === "request" ? -signed.order.maxPoolPrice : signed.order.price;

  function ranked(type: OrderType, now: bigint, category?: number): NaiveOrder[] {
    return [...orders.values()]
      .filter(({ entry, fillable }) => entry.signed.type === type && fillable)
      .filter(({ entry }) => entry.signed.order.conditions.validUntil >= now)
      .filter(({ entry: { signed } }) => category === undefined || categoryOf(signed) === category)
      .sort((a, b) => Number(price(a) - price(b)) || a.entry.sequence - b.entry.sequence);
  }

  function tryQuartet(quartet: NaiveOrder[]): NaiveMatch | undefined {
    const [request, ...others] = quartet as [NaiveOrder, ...NaiveOrder[]];
    const signed = (type: OrderType) =>
      quartet.find(({ entry }) => entry.signed.type === type)?.entry.signed.order as never;
    if (others.some(({ entry }) => excluded.has(request.entry.hash + entry.hash))) return undefined;
    const verdict = checkMatch({
      request: signed("request"),
      app: signed("app"),
      dataset: signed("dataset"),
      pool: signed("pool"),
    });
    if (verdict.type === "refused") return undefined;
    if (verdict.questions.some((question) => answers.get(keyOf(question)) === false)) return undefined;
    const volume = Math.min(...quartet.map(left));
    if (quartet.some(({ entry }) => volume < entry.signed.order.conditions.minFill)) return undefined;
    const open = verdict.questions.filter((question) => !answers.has(keyOf(question))).length;
    return { hashes: quartet.map(({ entry }) => entry.hash), volume, open };
  }

  function first(request: NaiveOrder, now: bigint): NaiveMatch | undefined {
    const category = categoryOf(request.entry.signed);
    for (const pool of ranked("pool", now, category)) {
      for (const app of ranked("app", now)) {
        for (const dataset of [undefined, ...ranked("dataset", now)]) {
          const found = tryQuartet(dataset ? [request, app, dataset, pool] : [request, app, pool]);
          if (found) return found;
        }
      }
    }
    return undefined;
  }

  return {
    orders,
    add: (entry: BookEntry) =>
      void orders.set(entry.hash, { entry, remaining: entry.remaining, reserved: 0, fillable: true }),
    remove: (hash: Hex) => {
      orders.delete(hash);
      for (const pair of excluded) if (pair.startsWith(hash) || pair.endsWith(hash)) excluded.delete(pair);
    },
    exclude: (request: Hex, other: Hex) => void excluded.add(request + other),
    readmit: () => excluded.clear(),
    answer: (question: GroupQuestion, member: boolean) => void answers.set(keyOf(question), member),
    forgetAnswers: () => answers.clear(),
    expire(now: bigint) {
      for (const [hash, { entry }] of orders)
        if (entry.signed.order.conditions.validUntil < now) this.remove(hash);
    },
    nextMatches(limit: number, now: bigint): NaiveMatch[] {
      const found: NaiveMatch[] = [];
      const categories = [...new Set([...orders.values()].map(({ entry }) => categoryOf(entry.signed)))];
      for (const category of categories.filter((each) => each !== undefined).sort((a, b) => a - b)) {
        for (const request of ranked("request", now, category)) {
          for (let match = first(request, now); match && found.length < limit; match = first(request, now)) {
            found.push(match);
            for (const hash of match.hashes) (orders.get(hash) as NaiveOrder).reserved += match.volume;
          }
        }
      }
      return found;
    },
    end({ hashes, volume }: NaiveMatch, filled: boolean) {
      for (const hash of hashes) {
        const order = orders.get(hash);
        if (order === undefined) continue;
        order.reserved -= volume;
        if (filled) order.remaining = Math.max(order.remaining - volume, 0);
      }
    },
  };
}

function categoryOf(signed: SignedOrder): number | undefined {
  return signed.type === "pool" || signed.type === "request" ? signed.order.category : undefined;
}
