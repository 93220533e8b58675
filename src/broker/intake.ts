import { type OrderPost, orderPostSchema } from "#src/client/broker-schema.ts";
import type { ErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { ORDER_TYPES, type OrderType, type SignedOrder } from "#src/protocol/orders.ts";
import type { BrokerMetrics } from "./broker-metrics.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import type { ChainFacts } from "./chain-facts.ts";
import {
  checkAssets,
  checkChain,
  checkForm,
  checkMarket,
  checkMoney,
  checkSignature,
  checkSponsorship,
  checkStanding,
} from "./intake-checks.ts";
import type { MarketChain } from "./market-chain.ts";
import type { MarketTime } from "./market-time.ts";
import { isSignedAnew, renewOrder } from "./order-renewal.ts";
import { findOrder } from "./order-store.ts";
import type { OrderWriter } from "./order-writer.ts";

export interface IntakeDeps {
  readonly chain: MarketChain;
  readonly facts: ChainFacts;
  /** Remembers nothing: nobody is refused for what was true a moment ago. */
  readonly freshFacts: ChainFacts;
  readonly time: MarketTime;
  readonly database: BrokerDatabase;
  readonly writer: OrderWriter;
  readonly metrics: BrokerMetrics;
  /** Told of every new order after its commit; `stale`: the chain moved while it was checked. */
  readonly onCreated: (row: OrderRow, stale: boolean) => void;
}

export interface Taken {
  readonly row: OrderRow;
  /** False: it was known already. */
  readonly created: boolean;
}

/**
 * Takes an order as it came over the wire. It is stored for good when this resolves; handing in the same order again
 * answers with its state, and puts a new signature or sponsorship in the place of one that keeps it blocked.
 * @throws HanseError HANSE_ORDER_MALFORMED, HANSE_ORDER_WRONG_CHAIN, HANSE_ORDER_ASSET_UNKNOWN,
 * HANSE_ORDER_SIGNATURE_INVALID, HANSE_ORDER_EXPIRED, HANSE_ORDER_WRONG_EPOCH, HANSE_ORDER_CANCELLED,
 * HANSE_ORDER_OVERFILLED, HANSE_ORDER_RESTRICTED (it names another matcher), HANSE_ORDER_UNFUNDED,
 * HANSE_ORDER_STAKE_MISSING, HANSE_ORDER_OPERATOR_LIMIT, HANSE_ORDER_SPONSORSHIP_INVALID, HANSE_ORDER_SPONSOR_CAP_TOO_LOW:
 * see `intake-checks.ts`; HANSE_ORDER_SALT_USED
 */
export type Intake = (body: unknown) => Promise<Taken>;

const MAY_BE_OUTDATED: ReadonlySet<ErrorCode> = new Set([
  "HANSE_ORDER_ASSET_UNKNOWN",
  "HANSE_ORDER_SIGNATURE_INVALID",
  "HANSE_ORDER_WRONG_EPOCH",
  "HANSE_ORDER_UNFUNDED",
  "HANSE_ORDER_STAKE_MISSING",
  "HANSE_ORDER_OPERATOR_LIMIT",
  "HANSE_ORDER_SPONSORSHIP_INVALID",
  "HANSE_ORDER_SPONSOR_CAP_TOO_LOW",
]);

export function createIntake(deps: IntakeDeps): Intake {
  const { chain, database, writer, metrics, onCreated } = deps;

  async function take(post: OrderPost, facts: ChainFacts): Promise<Taken> {
    // Of what every block is followed by, whoever is asked: before anything is read.
    const { generation } = deps.facts;
    const signed = signedOf(post);
    checkForm(signed);
    checkChain(chain, post);
    const hash = orderHash(signed);
    const signer = await checkAssets(facts, signed);
    const signing = await checkSignature(facts, chain, signer, hash, signed);

    const known = await findOrder(database.kysely, hash);
    const isRenewal = known !== undefined && isSignedAnew(known, signed, deps.time.now());
    if (known !== undefined && !isRenewal) return { row: known, created: false };

    const now = deps.time.now();
    const filled = await facts.filled(signed.type, signer, signed.order.conditions.salt);
    await checkStanding(facts, { signed, signer, filled, now });
    await checkMarket(facts, chain, signed);
    const sponsorSigning = await checkSponsorship(facts, signed, hash, now);
    await checkMoney(facts, { hash, signed, signer, signing, sponsorSigning });
    const byKeyring = signing.type === "keyring" || sponsorSigning?.type === "keyring";
    const order = { hash, signer, signed, filled, byKeyring };
    if (isRenewal) return { row: (await renewOrder(database, order, now)) ?? known, created: false };
    const taken = await writer.write(order);
    if (taken.created) onCreated(taken.row, deps.facts.generation !== generation);
    return taken;
  }

  return async (body) => {
    const type = typeOf(body);
    try {
      const post = parsePost(body);
      const taken = await take(post, deps.facts).catch((error: unknown) => {
        if (isHanseError(error) && MAY_BE_OUTDATED.has(error.code)) return take(post, deps.freshFacts);
        throw error;
      });
      metrics.received.inc({ type, result: taken.created ? "created" : "known" });
      return taken;
    } catch (error) {
      metrics.received.inc({ type, result: isHanseError(error) ? error.code : "HANSE_INTERNAL" });
      throw error;
    }
  };
}

function parsePost(body: unknown): OrderPost {
  const parsed = orderPostSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const first = issues[0];
  const where = first === undefined ? "" : `: ${first.path === "" ? "" : `${first.path}: `}${first.message}`;
  throw new HanseError("HANSE_ORDER_MALFORMED", `This is no order${where}`, { details: { issues } });
}

function signedOf({ chainId: _, clerk: __, ...signed }: OrderPost): SignedOrder {
  return signed;
}

/** Labels are few, whatever is sent. */
function typeOf(body: unknown): OrderType | "unknown" {
  const type = (body as { type?: unknown } | null | undefined)?.type;
  return ORDER_TYPES.find((known) => known === type) ?? "unknown";
}
