import { type Selectable, sql, type Transaction } from "kysely";
import type { Address, Hex } from "viem";
import type { BlockRef } from "#src/chain/follower.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type GoodsDeal, parseGoodsDeal, type Stage } from "#src/protocol/goods-deals.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";

/** A deal of goods that this shop has to do with: as seller, buyer, referrer, or because its checkout made it. */
export interface KnownDeal {
  readonly id: Hex;
  readonly deal: GoodsDeal;
  readonly saleHash: Hex;
  readonly purchaseHash: Hex;
  readonly stage: Stage;
  /** When it came to that stage: Unix seconds. */
  readonly since: number;
  /** Whether its buyer, who sells on, may complain for longer. */
  readonly extended: boolean;
  /** Nano-HANSE, of a deal that is over. */
  readonly paidOut:
    | { readonly toBuyer: bigint; readonly toSeller: bigint; readonly toReferrer: bigint }
    | undefined;
  readonly sealedAtBlock: bigint;
}

/** A deal that a block sealed. */
export interface SealedDeal {
  readonly id: Hex;
  readonly deal: GoodsDeal;
  readonly saleHash: Hex;
  readonly purchaseHash: Hex;
  readonly tx: Hex;
}

/** What a block says of a deal. */
export interface DealStep {
  readonly id: Hex;
  readonly logIndex: number;
  /** `Extended` is none of the Receipt's stages: the deal stays where it is. */
  readonly stage: Stage | "Extended";
  readonly paidOut?: KnownDeal["paidOut"];
}

export interface FollowedBlock {
  readonly block: BlockRef & { readonly timestamp: bigint };
  readonly deals: readonly SealedDeal[];
  /** Of any deals: those of others leave nothing. */
  readonly steps: readonly DealStep[];
}

export interface DealStore {
  /**
   * The last block that was dealt with, and those before it.
   * @throws HANSE_CHAIN_MISMATCH when the database is of another chain or Receipt
   */
  begin(identity: { readonly receipt: Address; readonly genesisHash: Hex }): Promise<{
    readonly cursor: BlockRef | undefined;
    readonly known: readonly BlockRef[];
  }>;
  /** The last block that was dealt with, its time in Unix seconds. */
  followedTo(): Promise<(BlockRef & { readonly time: bigint }) | undefined>;
  /**
   * The chain ended at this moment with a block, which counts where it is the last that was dealt with: see `chainTime`.
   * @param at less what clocks may be apart
   */
  atHead(head: BlockRef, at: Date): Promise<void>;
  /** Stores what a block brought, and has `also` done in the same transaction. @returns deals that are new or changed */
  apply(
    block: FollowedBlock,
    also: (trx: Transaction<ShopTables>, ids: readonly Hex[]) => Promise<void>,
  ): Promise<readonly Hex[]>;
  /** Forgets everything above a block. @returns deals that are gone or stand where they stood before */
  rewind(
    to: BlockRef,
    also: (trx: Transaction<ShopTables>, ids: readonly Hex[]) => Promise<void>,
  ): Promise<readonly Hex[]>;
  find(id: Hex): Promise<KnownDeal | undefined>;
  findBySale(saleHash: Hex): Promise<KnownDeal | undefined>;
  /** A purchase of several pieces may have been sealed in several deals. */
  findByPurchase(purchaseHash: Hex): Promise<readonly KnownDeal[]>;
  list(): Promise<readonly KnownDeal[]>;
  /** What `seller` shipped and nobody complained about in time, by the chain's time (Unix seconds). */
  releasable(seller: Address, time: bigint): Promise<readonly KnownDeal[]>;
  /** What `seller` sold on, with its purchases that deliver it and that may still be lengthened, each supply once. */
  resales(seller: Address): Promise<readonly { readonly supply: KnownDeal; readonly resale: KnownDeal }[]>;
  /**
   * What `owner` sold or bought, or a customer bought here, that was to be shipped before a time (Unix seconds), and was not;
   * some at a time.
   */
  unshippedAt(owner: Address, time: bigint): Promise<readonly KnownDeal[]>;
}

/** Blocks kept to trace a reorganisation. */
const REMEMBERED = 256n;

export function createDealStore(
  database: ShopDatabase,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): DealStore {
  const { kysely } = database;
  const deals = () => kysely.selectFrom("deals").selectAll();
  return {
    async begin({ receipt, genesisHash }) {
      await kysely
        .insertInto("chain_cursor")
        .values({ receipt, genesis_hash: genesisHash })
        .onConflict((at) => at.doNothing())
        .execute();
      const row = await kysely.selectFrom("chain_cursor").selectAll().executeTakeFirstOrThrow();
      if (row.receipt !== receipt || row.genesis_hash !== genesisHash) {
        throw new HanseError(
          "HANSE_CHAIN_MISMATCH",
          "this database holds the deals of another chain or Receipt",
          {
            details: {
              expected: { receipt, genesisHash },
              found: { receipt: row.receipt, genesisHash: row.genesis_hash },
            },
          },
        );
      }
      const known = await kysely
        .selectFrom("chain_blocks")
        .select(["number", "hash"])
        .orderBy("number")
        .execute();
      return { cursor: known.at(-1), known: known.slice(0, -1) };
    },

    async followedTo() {
      return await kysely
        .selectFrom("chain_blocks")
        .select(["number", "hash", "time"])
        .orderBy("number", "desc")
        .limit(1)
        .executeTakeFirst();
    },

    async atHead({ number, hash }, at) {
      await kysely
        .updateTable("chain_cursor")
        .set({ at_head: at })
        .where(
          sql<boolean>`(${number}, ${hash}) = (select number, hash from chain_blocks order by number desc limit 1)`,
        )
        .execute();
    },

    async apply({ block, deals: fresh, steps }, also) {
      const read = { hash: block.hash, time: block.timestamp, seen_at: new Date(clock.now()) };
      return await database.transaction(async (trx) => {
        if (fresh.length > 0) {
          await trx
            .insertInto("deals")
            .values(
              fresh.map(({ id, deal, saleHash, purchaseHash, tx }) => ({
                ...{ id, sale_hash: saleHash, purchase_hash: purchaseHash, tx, stage: "Sealed" as const },
                ...{ deal: encode(deal), sealed_block: block.number, since: BigInt(deal.sealedAt) },
              })),
            )
            .onConflict((at) => at.column("id").doNothing())
            .execute();
        }
        const known = await knownOf(
          trx,
          steps.map(({ id }) => id),
        );
        const own = steps.filter(({ id }) => known.has(id));
        if (own.length > 0) {
          await trx
            .insertInto("deal_steps")
            .values(
              own.map(({ id, logIndex, stage, paidOut }) => ({
                ...{ deal_id: id, block: block.number, log_index: logIndex, time: block.timestamp, stage },
                paid_out: paidOut === undefined ? null : encode(paidOut),
              })),
            )
            .onConflict((at) => at.doNothing())
            .execute();
        }
        const ids = [...new Set([...fresh, ...own].map(({ id }) => id))];
        await restage(trx, ids);
        await trx
          .insertInto("chain_blocks")
          .values({ number: block.number, ...read })
          .onConflict((at) => at.column("number").doUpdateSet(read))
          .execute();
        await trx
          .deleteFrom("chain_blocks")
          .where("number", "<=", block.number - REMEMBERED)
          .execute();
        if (ids.length > 0) await also(trx, ids);
        return ids;
      });
    },

    async rewind(to, also) {
      return await database.transaction(async (trx) => {
        const undone = await trx
          .deleteFrom("deal_steps")
          .where("block", ">", to.number)
          .returning("deal_id")
          .execute();
        const gone = await trx
          .deleteFrom("deals")
          .where("sealed_block", ">", to.number)
          .returning(["id", "sale_hash"])
          .execute();
        const ids = [...new Set([...undone.map((row) => row.deal_id), ...gone.map(({ id }) => id)])];
        await restage(trx, ids);
        await trx.deleteFrom("chain_blocks").where("number", ">", to.number).execute();
        // What comes in their place may be older.
        await trx.updateTable("chain_cursor").set({ at_head: null }).execute();
        if (ids.length > 0) await also(trx, ids);
        return ids;
      });
    },

    find: async (id) => known(await deals().where("id", "=", id).executeTakeFirst()),
    findBySale: async (hash) => known(await deals().where("sale_hash", "=", hash).executeTakeFirst()),
    async findByPurchase(hash) {
      const rows = await deals().where("purchase_hash", "=", hash).orderBy("sealed_block").execute();
      return rows.map((row) => known(row) as KnownDeal);
    },
    async list() {
      const rows = await deals().orderBy("sealed_block", "desc").limit(1_000).execute();
      return rows.map((row) => known(row) as KnownDeal);
    },
    async unshippedAt(owner, time) {
      const rows = await deals()
        .where("stage", "=", "Sealed")
        // Anybody may name it as referrer in deals of strangers: what becomes of those is not for it to pay.
        .where((of) =>
          of.or([
            sql<boolean>`${owner} in (deal::json ->> 'seller', deal::json ->> 'buyer')`,
            of.exists(
              of
                .selectFrom("checkout_legs")
                .select("leg")
                .whereRef("checkout_legs.purchase_hash", "=", "deals.purchase_hash"),
            ),
          ]),
        )
        .where(sql<boolean>`since + (deal::json ->> 'shipWithin')::int8 < ${time}`)
        .orderBy("since")
        .limit(100)
        .execute();
      return rows.map((row) => known(row) as KnownDeal);
    },
    async releasable(seller, time) {
      const rows = await deals()
        .where("stage", "=", "Shipped")
        .where(sql<boolean>`deal::json ->> 'seller' = ${seller}`)
        .where(sql<boolean>`${complaintEnd("deals")} < ${time}`)
        .execute();
      return rows.map((row) => known(row) as KnownDeal);
    },
    async resales(seller) {
      const { rows } = await sql<{ supply: Hex; resale: Hex }>`
        select distinct on (supply.id) supply.id as supply, resale.id as resale
        from deals resale join deals supply on supply.id = resale.deal::json ->> 'supply'
        where resale.stage in ('Sealed', 'Shipped') and resale.deal::json ->> 'seller' = ${seller}
          and supply.stage in ('Sealed', 'Shipped') and supply.deal::json ->> 'buyer' = ${seller}
          and not supply.extended and (supply.deal::json ->> 'resaleMargin')::int8 > 0
          and (resale.deal::json ->> 'quantity')::int8 <= (supply.deal::json ->> 'quantity')::int8
          and (supply.stage = 'Sealed' or ${complaintEnd("supply")} > (select max(time) from chain_blocks))
        order by supply.id, resale.id`.execute(kysely);
      const find = async (id: Hex) =>
        known(await deals().where("id", "=", id).executeTakeFirstOrThrow()) as KnownDeal;
      return await Promise.all(
        rows.map(async ({ supply, resale }) => ({ supply: await find(supply), resale: await find(resale) })),
      );
    },
  };
}

/** The last second at which the buyer of a shipped deal may complain, as `IReceipt.complaintEnd` tells it. */
function complaintEnd(table: "deals" | "supply") {
  const member = (name: keyof GoodsDeal) =>
    sql`(${sql.ref(`${table}.deal`)}::json ->> ${sql.lit(name)})::int8`;
  const margin = sql`case when ${sql.ref(`${table}.extended`)} then ${member("resaleMargin")} else 0 end`;
  return sql`${sql.ref(`${table}.since`)} + ${member("deliverWithin")} + ${member("complaintTime")} + ${margin}`;
}

/** A deal stands where its last step left it. */
async function restage(trx: Transaction<ShopTables>, ids: readonly Hex[]): Promise<void> {
  for (const id of ids) {
    const steps = await trx
      .selectFrom("deal_steps")
      .select(["stage", "time", "paid_out"])
      .where("deal_id", "=", id)
      .orderBy("block")
      .orderBy("log_index")
      .execute();
    const last = steps.findLast(({ stage }) => stage !== "Extended");
    await trx
      .updateTable("deals")
      .set((of) => ({
        stage: (last?.stage ?? "Sealed") as Stage,
        since: last?.time ?? sql<bigint>`(${of.ref("deal")}::json ->> 'sealedAt')::int8`,
        extended: steps.some(({ stage }) => stage === "Extended"),
        paid_out: last?.paid_out ?? null,
      }))
      .where("id", "=", id)
      .execute();
  }
}

async function knownOf(trx: Transaction<ShopTables>, ids: readonly Hex[]): Promise<Set<Hex>> {
  if (ids.length === 0) return new Set();
  const rows = await trx
    .selectFrom("deals")
    .select("id")
    .where("id", "in", [...new Set(ids)])
    .execute();
  return new Set(rows.map(({ id }) => id));
}

function known(row: Selectable<ShopTables["deals"]> | undefined): KnownDeal | undefined {
  if (row === undefined) return undefined;
  const paidOut = row.paid_out === null ? undefined : (JSON.parse(row.paid_out) as Record<string, string>);
  return {
    ...{ id: row.id, saleHash: row.sale_hash, purchaseHash: row.purchase_hash, stage: row.stage },
    ...{ since: Number(row.since), extended: row.extended, deal: parseGoodsDeal(JSON.parse(row.deal)) },
    sealedAtBlock: row.sealed_block,
    paidOut:
      paidOut === undefined
        ? undefined
        : {
            toBuyer: BigInt(paidOut.toBuyer ?? 0),
            toSeller: BigInt(paidOut.toSeller ?? 0),
            toReferrer: BigInt(paidOut.toReferrer ?? 0),
          },
  };
}

function encode(value: object): string {
  return JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each));
}
