import type { PartnershipCall } from "#src/client/shop-schema.ts";

/** Who gives rights, and who gets them: each direction between two shops is a partnership by itself. */
export type PartnershipRole = "granter" | "grantee";

export type PartnershipState =
  | "none"
  | "requested"
  | "offered"
  | "active"
  | "renewal-requested"
  | "renewal-offered"
  | "denied"
  | "declined"
  | "ended";

export interface PartnershipStep {
  readonly call: PartnershipCall;
  /** Who calls the other. */
  readonly by: PartnershipRole;
  readonly from: readonly PartnershipState[];
  readonly to: PartnershipState;
  /** What becomes of rights and end: asked for (kept until they are answered), granted by the answer, or left as they are. */
  readonly rights: "asked" | "granted" | "kept" | "ended";
  readonly says: string;
}

const over: readonly PartnershipState[] = ["none", "denied", "declined", "ended"];
const running: readonly PartnershipState[] = ["active", "renewal-requested", "renewal-offered"];

/**
 * The course of a partnership in one direction. Both shops play it; what the granter has is the truth, for its grants are.
 * `docs/partnerships.md` is made from this table.
 */
export const partnershipCourse: readonly PartnershipStep[] = [
  {
    ...{ call: "request", by: "grantee", from: [...over, "requested"], to: "requested", rights: "asked" },
    says: "asks for rights until a day, or for others than before; who was denied may ask again after a pause",
  },
  {
    ...{ call: "accept", by: "granter", from: ["requested"], to: "active", rights: "granted" },
    says: "grants them, or fewer, or for a shorter time; the call carries the signed grant",
  },
  {
    ...{ call: "reject", by: "granter", from: ["requested"], to: "denied", rights: "ended" },
    says: "denies them; the call says from when on one may ask again",
  },
  {
    ...{ call: "offer", by: "granter", from: [...over, "requested"], to: "offered", rights: "asked" },
    says: "offers rights until a day, unasked or instead of what was asked for",
  },
  {
    ...{ call: "acceptOffer", by: "grantee", from: ["offered"], to: "active", rights: "granted" },
    says: "takes the offer; the answer carries the signed grant",
  },
  {
    ...{ call: "rejectOffer", by: "grantee", from: ["offered"], to: "declined", rights: "ended" },
    says: "declines the offer",
  },
  {
    ...{ call: "leave", by: "granter", from: ["offered", ...running], to: "ended", rights: "ended" },
    says: "takes all rights back, or the offer; at once, also while the other cannot be reached",
  },
  {
    ...{ call: "leave", by: "grantee", from: ["requested", ...running], to: "ended", rights: "ended" },
    says: "gives its rights up, or takes its request back",
  },
  {
    ...{ call: "refresh", by: "grantee", from: ["active"], to: "renewal-requested", rights: "asked" },
    says: "asks for a longer time, or other rights; what is granted stays",
  },
  {
    ...{
      call: "refreshOffer",
      by: "granter",
      from: ["active", "renewal-requested"],
      to: "renewal-offered",
      rights: "asked",
    },
    says: "offers a longer time, or other rights; what is granted stays",
  },
  {
    ...{ call: "refreshAccept", by: "granter", from: ["renewal-requested"], to: "active", rights: "granted" },
    says: "grants what was asked for; the call carries the new grant",
  },
  {
    ...{ call: "refreshAccept", by: "grantee", from: ["renewal-offered"], to: "active", rights: "granted" },
    says: "takes what is offered; the answer carries the new grant",
  },
  {
    ...{ call: "refreshReject", by: "granter", from: ["renewal-requested"], to: "active", rights: "kept" },
    says: "denies the renewal; what is granted stays until it ends",
  },
  {
    ...{ call: "refreshReject", by: "grantee", from: ["renewal-offered"], to: "active", rights: "kept" },
    says: "declines the renewal; what is granted stays until it ends",
  },
];

/** What counts of a partnership when one asks where it stands. */
export interface PartnershipTimes {
  readonly state: PartnershipState;
  /** When the grant ends; there is none without. */
  readonly until: Date | null;
  /** When what is asked for or offered lapses. */
  readonly pendingUntil: Date | null;
}

/** Where a partnership stands at a moment: grants end and unanswered calls lapse without anybody writing it down. */
export function stateAt({ state, until, pendingUntil }: PartnershipTimes, now: number): PartnershipState {
  const ended = until !== null && until.getTime() <= now;
  const lapsed = pendingUntil !== null && pendingUntil.getTime() <= now;
  switch (state) {
    case "requested":
    case "offered":
      return lapsed ? "ended" : state;
    case "active":
      return ended ? "ended" : state;
    case "renewal-requested":
    case "renewal-offered":
      return ended ? "ended" : lapsed ? "active" : state;
    default:
      return state;
  }
}

/** The step that a call is in a state, if it is allowed there. */
export function stepOf(
  call: PartnershipCall,
  by: PartnershipRole,
  state: PartnershipState,
): PartnershipStep | undefined {
  return partnershipCourse.find((step) => step.call === call && step.by === by && step.from.includes(state));
}

/** Whose calls these are; `leave`, `refreshAccept` and `refreshReject` are either's. */
export function callersOf(call: PartnershipCall): readonly PartnershipRole[] {
  return partnershipCourse.filter((step) => step.call === call).map(({ by }) => by);
}
