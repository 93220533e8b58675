import { sql } from "kysely";
import type { Hex } from "viem";
import type { BrokerQueries } from "./broker-tables.ts";

/** The Clerk has settled a unit of a deal, and left `openUnits` open. */
export interface Settlement {
  readonly dealId: Hex;
  readonly openUnits: number;
}

/** Settles a unit of a deal in a block. Deals that are not known here are left out. */
export async function settleUnit(
  queries: BrokerQueries,
  { dealId, openUnits }: Settlement,
  block: bigint,
): Promise<void> {
  const open_units = BigInt(openUnits);
  const updated = await queries
    .updateTable("deals")
    .set({ open_units })
    .where("id", "=", dealId)
    .returning("id")
    .execute();
  if (updated.length === 0) return;
  await queries
    .insertInto("settlements")
    .values({ deal_id: dealId, open_units, block })
    .onConflict((conflict) => conflict.columns(["deal_id", "open_units"]).doUpdateSet({ block }))
    .execute();
}

/** Opens the units again that were settled in blocks above `block`: that did not happen. */
export async function undoSettlementsAbove(queries: BrokerQueries, block: bigint): Promise<void> {
  await queries
    .with("undone", (of) =>
      of.deleteFrom("settlements").where("block", ">", block).returning(["deal_id", "open_units"]),
    )
    .with("earliest", (of) =>
      // Each settles one unit: before the first of them one more was open than after it.
      of
        .selectFrom("undone")
        .select(["deal_id", (each) => sql<bigint>`${each.fn.max("open_units")} + 1`.as("open_units")])
        .groupBy("deal_id"),
    )
    .updateTable("deals")
    .from("earliest")
    .set((of) => ({ open_units: of.ref("earliest.open_units") }))
    .whereRef("deals.id", "=", "earliest.deal_id")
    .execute();
}

/** Nobody undoes these any more. */
export async function forgetSettlementsUpTo(queries: BrokerQueries, block: bigint): Promise<void> {
  await queries.deleteFrom("settlements").where("block", "<=", block).execute();
}
