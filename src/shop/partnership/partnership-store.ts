import { createHash } from "node:crypto";
import type { Transaction } from "kysely";
import type { Partnership, PartnershipCall, PartnershipCallBody } from "#src/client/shop-schema.ts";
import type { Right } from "#src/identity/grant.ts";
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
    pendingId: waiting ? pendingIdOf(record) : null,
    askAgainAt: state === "denied" ? (record.ask_again_at?.toISOString() ?? null) : null,
    note: record.note,
    changedAt: record.changed_at.toISOString(),
  };
}

/**
 * Names what waits for an answer. Of all that it says: who asks chooses its `exchange`, and might ask for more under the same one.
 */
export function pendingIdOf(record: PartnershipRecord): string {
  const { exchange, pending_rights, pending_grant_until } = record;
  const said = [exchange, [...(pending_rights ?? [])].sort(), pending_grant_until?.toISOString() ?? null];
  return createHash("sha256").update(JSON.stringify(said)).digest("hex");
}

export const noPending = { pending_rights: null, pending_grant_until: null, pending_until: null };
export const noGrant = { rights: [] as Right[], until: null, grant_jwt: null, grant_id: null };

/** What a grantee tells the granter, written down before it is told: whoever dies in between knows what it said. */
export interface Asking {
  readonly call: PartnershipCall;
  readonly body: PartnershipCallBody;
  /** When the record was changed last, in milliseconds: what the granter says meanwhile counts more than its answer. */
  readonly since: number;
  /** The owner was told that it came to nothing: it is not told again, but its answer is understood. */
  readonly failed: boolean;
}

export function askingOf({ asking }: Pick<PartnershipRecord, "asking">): Asking | undefined {
  return asking === null ? undefined : (JSON.parse(asking) as Asking);
}
