import { isDeepStrictEqual } from "node:util";
import type { Transaction } from "kysely";
import type { BlockRef } from "#src/chain/block.ts";
import { putShop } from "./feed.ts";
import type { HubDatabase, HubTables, ShopFacts } from "./hub-tables.ts";
import type { OriginShops } from "./origin-shops.ts";
import type { ChangeType, ShopEvent, ShopState } from "./shop-events.ts";

/** Something that other shops are told of. */
export interface ShopChange {
  readonly code: string;
  readonly type: ChangeType;
  readonly sequence: bigint;
}

/** Has changes told to others, in the transaction that makes them. */
export type Announce = (trx: Transaction<HubTables>, changes: readonly ShopChange[]) => Promise<void>;

/** The shops of our own Hub, as its events make them. */
export interface ShopStore {
  /** The last blocks that were dealt with, newest last. */
  blocks(): Promise<BlockRef[]>;
  followedTo(): Promise<bigint | undefined>;
  /** Stores what a block brought, with the cursor and what is to be told: all or nothing. */
  apply(block: BlockRef, events: readonly ShopEvent[], options: { readonly isNews: boolean }): Promise<void>;
  /** Makes everything above a block undone. */
  rewind(to: BlockRef): Promise<void>;
}

/** Blocks kept to trace a reorganisation. */
const REMEMBERED = 256n;

/** @param others what others list of a code that is free again */
export function createShopStore(
  database: HubDatabase,
  announce: Announce,
  others: Pick<OriginShops, "choose">,
): ShopStore {
  const { kysely } = database;
  return {
    async blocks() {
      return await kysely.selectFrom("blocks").selectAll().orderBy("number").execute();
    },

    async followedTo() {
      const row = await kysely
        .selectFrom("blocks")
        .select("number")
        .orderBy("number", "desc")
        .executeTakeFirst();
      return row?.number;
    },

    async apply(block, events, { isNews }) {
      await database.transaction(async (trx) => {
        const changes: ShopChange[] = [];
        for (const { code, logIndex, type, apply } of events) {
          const before = await stateOf(trx, code);
          const state = apply(before);
          // Told again, as by a shop that is suspended for a second reason, it is no change.
          if (state === undefined || isDeepStrictEqual(state, before)) continue;
          await trx
            .insertInto("shop_states")
            .values({
              ...{ code, block: block.number, log_index: logIndex },
              ...{ standing: state.standing, facts: JSON.stringify(state.facts) },
            })
            .execute();
          const sequence = await putShop(trx, code, state);
          if (type !== undefined) changes.push({ code, type, sequence });
        }
        await rememberBlock(trx, block);
        if (isNews) await announce(trx, changes);
      });
    },

    async rewind(to) {
      await database.transaction(async (trx) => {
        const undone = await trx
          .deleteFrom("shop_states")
          .where("block", ">", to.number)
          .returning(["code", "facts"])
          .execute();
        await trx.deleteFrom("blocks").where("number", ">", to.number).execute();
        const changes: ShopChange[] = [];
        for (const [code, facts] of new Map(
          undone.map((row): [string, ShopFacts] => [row.code, row.facts]),
        )) {
          const before = await stateOf(trx, code);
          const sequence = await putShop(trx, code, before ?? { standing: "gone", facts });
          changes.push({ code, type: before === undefined ? "left" : "updated", sequence });
          if (before === undefined) await others.choose(trx, [code]);
        }
        await announce(trx, changes);
      });
    },
  };
}

async function stateOf(trx: Transaction<HubTables>, code: string): Promise<ShopState | undefined> {
  return await trx
    .selectFrom("shop_states")
    .select(["standing", "facts"])
    .where("code", "=", code)
    .orderBy("block", "desc")
    .orderBy("log_index", "desc")
    .executeTakeFirst();
}

async function rememberBlock(trx: Transaction<HubTables>, { number, hash }: BlockRef): Promise<void> {
  await trx
    .insertInto("blocks")
    .values({ number, hash })
    .onConflict((conflict) => conflict.column("number").doUpdateSet({ hash }))
    .execute();
  await trx
    .deleteFrom("blocks")
    .where("number", "<=", number - REMEMBERED)
    .execute();
}
