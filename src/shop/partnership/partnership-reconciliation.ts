import { type PartnershipStanding, partnershipStandingSchema } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { isOver, type PartnershipRole, reconciliationOf } from "./partnership-course.ts";
import { type CheckedGrant, keptGrant } from "./partnership-grants.ts";
import { noGrant, noPending, type PartnershipRecord, partnershipView } from "./partnership-store.ts";

/** Where a partnership stands, for the other shop of it. @param grant what runs, signed with the key that is good now */
export function standingOf(record: PartnershipRecord, now: number, grant?: string): PartnershipStanding {
  const { role, state, pendingRights, pendingUntil, askAgainAt } = partnershipView(record, now);
  const { exchange } = record;
  return {
    ...{ role, state, exchange, pendingRights, pendingUntil, askAgainAt },
    ...(grant === undefined ? {} : { grant }),
  };
}

/** What another shop said with its refusal of where it stands; undefined where it said nothing of it. */
export function standingIn(error: unknown, caller: PartnershipRole): PartnershipStanding | undefined {
  if (!(error instanceof HanseError) || !error.code.startsWith("HANSE_PARTNERSHIP_")) return undefined;
  const said = error.details.peer as { readonly standing?: unknown } | undefined;
  const { data } = partnershipStandingSchema.safeParse(said?.standing);
  return data === undefined || data.role === caller ? undefined : data;
}

/**
 * What a record becomes when its shop was refused a call by another that stands elsewhere; see `partnershipReconciliation`.
 * @param grantOf what the standing carries as its grant, or throws what is wrong with it
 */
export function reconciled(
  record: PartnershipRecord,
  standing: PartnershipStanding,
  grantOf: () => CheckedGrant,
  now: number,
): PartnershipRecord {
  const { state } = partnershipView(record, now);
  const takes = reconciliationOf(record.role, state, standing.state);
  const heard = { ...record, exchange: standing.exchange, changed_at: new Date(now) };
  switch (takes) {
    case "end": {
      const ended = { ...record, ...noPending, ...noGrant, changed_at: new Date(now) };
      // What the granter says last is where a grantee is; a granter ends its own grant.
      if (record.role === "granter" || standing.state === "none") return { ...ended, state: "ended" };
      const { askAgainAt } = standing;
      return {
        ...ended,
        state: standing.state,
        ask_again_at: askAgainAt === null ? null : new Date(askAgainAt),
      };
    }
    case "pending":
      return { ...heard, ...noGrant, ...pendingIn(standing), state: standing.state };
    case "grant": {
      let checked: CheckedGrant;
      try {
        checked = grantOf();
      } catch {
        // What is not signed, or not by a key that is known, gives nothing.
        return record;
      }
      return { ...heard, ...keptGrant(checked), ...pendingIn(standing), state: standing.state };
    }
    default:
      return record;
  }
}

function pendingIn({ state, pendingRights, pendingUntil }: PartnershipStanding) {
  if (isOver(state) || state === "active" || pendingRights === null || pendingUntil === null)
    return noPending;
  // When it lapses is the granter's to say; here it ends with what would be granted, at the latest.
  const end = new Date(pendingUntil);
  return { pending_rights: [...pendingRights], pending_grant_until: end, pending_until: end };
}
