import { zeroHash } from "viem";
import { auditCursor } from "./cursor.ts";
import type {
  AttemptFact,
  AuditGrace,
  BrokerDealFact,
  BrokerFacts,
  ChainFacts,
  DealFact,
  MarketFacts,
  OrderFact,
} from "./facts.ts";
import { ORDER_CANCELLED } from "./facts.ts";
import { type Report, same } from "./finding.ts";

/** What the broker has written down, against what the chain says where the broker has come to. */
export function auditBroker(
  facts: MarketFacts,
  broker: BrokerFacts,
  grace: AuditGrace,
  report: Report,
): void {
  const { chain, acknowledged = [], now } = facts;
  const known = new Set([...broker.orders.map(({ hash }) => hash), ...broker.unreadable]);
  for (const hash of broker.unreadable) report("ORDER_UNREADABLE", hash, "an order", "a damaged row");
  for (const hash of acknowledged) if (!known.has(hash)) report("ORDER_LOST", hash, "a row", "none");
  const at = auditCursor("broker", broker.cursor, report);
  auditAttempts(chain, broker.attempts, { now, grace }, report);
  if (at === undefined) return;
  const timestamp = broker.cursor?.onChain?.timestamp ?? 0n;
  for (const order of broker.orders) {
    same(report, "ORDER_ALTERED", order.hash, order.hash, order.contentHash);
    auditFill(chain, order, report);
    if (!order.ahead) auditStatus(chain, order, { at, timestamp, now, grace }, report);
  }
  auditDeals(chain, broker.deals, at, report);
}

interface Moment {
  /** The cursor, and its block's time. */
  readonly at: bigint;
  readonly timestamp: bigint;
  readonly now: number;
  readonly grace: AuditGrace;
}

/** Tasks of deals that name the order. */
function sealedOf({ deals }: ChainFacts, { hash }: OrderFact): number {
  return deals
    .filter(({ requestHash, orders }) =>
      [requestHash, orders.app, orders.dataset, orders.pool].includes(hash),
    )
    .reduce((sum, { deal }) => sum + deal.volume, 0);
}

function auditFill(chain: ChainFacts, order: OrderFact, report: Report): void {
  const { hash, status, volume, filled, filledOnChain, ahead } = order;
  const sealed = sealedOf(chain, order);
  if (sealed > volume) report("ORDER_OVERFILLED", hash, `at most ${volume}`, sealed);
  if (ahead) return;
  if (status === "open") same(report, "ORDER_FILL_DIFFERS", hash, filledOnChain, filled);
  // Orders with one salt share a volume: one that left the book may be counted behind.
  else if (filled > filledOnChain) report("ORDER_FILL_DIFFERS", hash, `at most ${filledOnChain}`, filled);
}

function auditStatus(chain: ChainFacts, order: OrderFact, moment: Moment, report: Report): void {
  const allowed = statusesOf(chain, order, moment);
  if (!allowed.has(order.status))
    report("ORDER_STATUS_DIFFERS", order.hash, [...allowed].join(" or "), order.status);
}

/** What an order may be, by what the chain says: the machine's clock has no word in it. More than one where two of its ends came in an order nobody can tell. */
function statusesOf(
  chain: ChainFacts,
  order: OrderFact,
  { at, timestamp, grace }: Moment,
): ReadonlySet<string> {
  const { volume, filled, filledOnChain, removed, validUntil } = order;
  const allowed = new Set<string>();
  const isCancelled = filledOnChain === ORDER_CANCELLED;
  if (isCancelled ? filled >= volume : filledOnChain >= volume) allowed.add("filled");
  let epoch = 0n;
  for (const raised of chain.epochs) {
    if (raised.account === order.signer && raised.block <= at && raised.epoch > epoch) epoch = raised.epoch;
  }
  if (isCancelled || removed || order.epoch < epoch) allowed.add("cancelled");
  if (validUntil < timestamp) allowed.add("expired");
  if (allowed.size === 0 || ([...allowed].join() === "expired" && validUntil + grace.seconds >= timestamp))
    allowed.add("open");
  return allowed;
}

function auditDeals(chain: ChainFacts, rows: readonly BrokerDealFact[], at: bigint, report: Report): void {
  const stored = new Map(rows.map((row) => [row.id, row]));
  for (const fact of chain.deals) {
    const row = stored.get(fact.id);
    stored.delete(fact.id);
    if (row !== undefined) compareDeal(chain, fact, row, at, report);
    else if (fact.block <= at)
      report("BROKER_DEAL_MISSING", fact.id, `sealed in block ${fact.block}`, "no row");
  }
  for (const { id, block } of stored.values())
    report("BROKER_DEAL_INVENTED", id, "no deal", `a row of block ${block}`);
}

function compareDeal(
  chain: ChainFacts,
  fact: DealFact,
  row: BrokerDealFact,
  at: bigint,
  report: Report,
): void {
  const compare = (name: string, expected: unknown, found: unknown) =>
    same(
      report,
      "BROKER_DEAL_DIFFERS",
      fact.id,
      `${name} ${String(expected).toLowerCase()}`,
      `${name} ${String(found).toLowerCase()}`,
    );
  for (const name of ["block", "blockHash", "txHash", "requestHash", "params"] as const)
    compare(name, fact[name], row[name]);
  for (const leg of ["app", "dataset", "pool"] as const)
    compare(leg, fact.orders[leg], row.orders[leg] ?? zeroHash);
  compare("volume", fact.deal.volume, row.volume);
  for (const [name, value] of Object.entries(fact.deal))
    compare(name, numberOf(value), numberOf(row.content[name]));
  const settled = chain.settlements.filter(({ dealId, block }) => dealId === fact.id && block <= at).length;
  compare("open units", fact.deal.volume - settled, row.openUnits);
}

/** Numbers are kept as decimal text, ids of assets as hex. */
function numberOf(value: unknown): unknown {
  return typeof value === "string" && /^(0x[0-9a-f]{64}|\d+)$/.test(value)
    ? BigInt(value)
    : typeof value === "number"
      ? BigInt(value)
      : value;
}

function auditAttempts(
  { deals }: ChainFacts,
  attempts: readonly AttemptFact[],
  { now, grace }: Pick<Moment, "now" | "grace">,
  report: Report,
): void {
  const claimed = new Map<string, bigint>();
  for (const { id, status, txHash, sealed, requests, begunAt } of attempts) {
    const what = `attempt ${id}`;
    if (status === "pending" && now - begunAt.getTime() >= Number(grace.seconds) * 1000) {
      report("ATTEMPT_OPEN", what, "an end", `pending since ${begunAt.toISOString()}`);
    }
    if (txHash === undefined) continue;
    const other = claimed.get(txHash);
    if (other !== undefined)
      report("ATTEMPT_TWICE", what, "a transaction of its own", `${txHash}, as attempt ${other}`);
    claimed.set(txHash, id);
    // A reorganisation may have undone it since.
    const own = deals.filter((deal) => deal.txHash === txHash);
    if (own.length === 0) continue;
    const strangers = own.filter(({ requestHash }) => !requests.includes(requestHash));
    if (strangers.length > 0)
      report(
        "ATTEMPT_OUTCOME_DIFFERS",
        what,
        "deals of its requests",
        strangers.map(({ id: deal }) => deal).join(", "),
      );
    if (sealed !== undefined && own.length > requests.length)
      report("ATTEMPT_OUTCOME_DIFFERS", what, `at most ${requests.length} deals`, `${own.length} deals`);
  }
}
