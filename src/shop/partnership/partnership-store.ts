import type { Transaction } from "kysely";
import type { Partnership } from "#src/client/shop-schema.ts";
import type { ShopTables } from "../shop-tables.ts";
import { type PartnershipRole, stateAt } from "./partnership-course.ts";

export type PartnershipRecord = ShopTables["partnerships"];
type Trx = Transaction<ShopTables>;

/** The record of one direction, locked until the transaction ends; made where there is none. */
export async function lockPartnership(
  trx: Trx,
  peer: string,
  role: PartnershipRole,
  now: Date,
): Promise<PartnershipRecord> {
  await trx
    .insertInto("partnerships")
    .values({ peer, role, state: "none", exchange: "", rights: [], changed_at: now } as never)
    .onConflict((conflict) => conflict.columns(["peer", "role"]).doNothing())
    .execute();
  return await trx
    .selectFrom("partnerships")
    .selectAll()
    .where("peer", "=", peer)
    .where("role", "=", role)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

export async function savePartnership(trx: Trx, record: PartnershipRecord): Promise<void> {
  const { peer, role, ...rest } = record;
  await trx.updateTable("partnerships").set(rest).where("peer", "=", peer).where("role", "=", role).execute();
}

/** As its owner sees it at a moment. */
export function partnershipView(record: PartnershipRecord, now: number): Partnership {
  const state = stateAt(
    { state: record.state, until: record.until, pendingUntil: record.pending_until },
    now,
  );
  const running = state === "active" || state === "renewal-requested" || state === "renewal-offered";
  const waiting = state === "requested" || state === "offered" || state.startsWith("renewal");
  return {
    ...{ peer: record.peer, role: record.role, state },
    rights: running ? record.rights : [],
    until: running ? (record.until?.toISOString() ?? null) : null,
    pendingRights: waiting ? record.pending_rights : null,
    pendingUntil: waiting ? (record.pending_grant_until?.toISOString() ?? null) : null,
    askAgainAt: state === "denied" ? (record.ask_again_at?.toISOString() ?? null) : null,
    changedAt: record.changed_at.toISOString(),
  };
}
