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
  /** Where else it may be said: its caller cannot know whether the other has come to one of `from` unheard. */
  readonly alsoSaid?: readonly PartnershipState[];
  /** Where else it is taken: the two do not agree any more, and what is called only takes, or binds to nothing. */
  readonly alsoTaken?: readonly PartnershipState[];
  readonly to: PartnershipState;
  /** What becomes of rights and end: asked for (kept until they are answered), granted by the answer, or left as they are. */
  readonly rights: "asked" | "granted" | "kept" | "ended";
  readonly says: string;
}

const over: readonly PartnershipState[] = ["none", "denied", "declined", "ended"];
const running: readonly PartnershipState[] = ["active", "renewal-requested", "renewal-offered"];
const all: readonly PartnershipState[] = [...over, "requested", "offered", ...running];

/**
 * The course of a partnership in one direction. Both shops play it; what the granter has is the truth, for its grants are.
 * `docs/partnerships.md` is made from this table.
 */
export const partnershipCourse: readonly PartnershipStep[] = [
  {
    ...{ call: "request", by: "grantee", from: [...over, "requested"], to: "requested", rights: "asked" },
    alsoSaid: ["offered", ...running],
    says: "asks for rights until a day, or for others than before; who was denied may ask again after a pause",
  },
  {
    ...{ call: "accept", by: "granter", from: ["requested"], to: "active", rights: "granted" },
    says: "grants them, or fewer, or for a shorter time, never a longer; the call carries the signed grant",
  },
  {
    ...{ call: "reject", by: "granter", from: ["requested"], to: "denied", rights: "ended" },
    says: "denies them; the call says from when on one may ask again",
  },
  {
    ...{ call: "offer", by: "granter", from: [...over, "requested"], to: "offered", rights: "asked" },
    alsoTaken: ["offered", ...running],
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
    ...{ alsoSaid: [...over, "requested"], alsoTaken: [...over, "requested"] },
    says: "takes all rights back, or the offer; at once, also while the other cannot be reached",
  },
  {
    ...{ call: "leave", by: "grantee", from: ["requested", ...running], to: "ended", rights: "ended" },
    ...{ alsoSaid: [...over, "offered"], alsoTaken: [...over, "offered"] },
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

/** What one does with where the other stands, told with the refusal of a call. */
export interface PartnershipReconciliation {
  /** Who was refused. */
  readonly who: PartnershipRole;
  readonly hears: readonly PartnershipState[];
  readonly has: readonly PartnershipState[];
  /** It is over; or what the other has is taken over, and rights end; or it is, by a grant that is signed. */
  readonly takes: "end" | "pending" | "grant";
  readonly says: string;
}

/**
 * How two that do not agree any more, since one of them died, was never reached or was set up from a backup, come to agree: who is
 * behind takes over where the other stands. Nobody gets a right by it that the granter did not sign. Part of `docs/partnerships.md`.
 */
export const partnershipReconciliation: readonly PartnershipReconciliation[] = [
  {
    ...{ who: "grantee", hears: over, has: ["requested", "offered", ...running], takes: "end" },
    says: "is where the granter is, and its rights end; it may request anew",
  },
  {
    ...{ who: "grantee", hears: ["requested", "offered"], has: all, takes: "pending" },
    says: "has the request or offer that the granter has, and its rights end",
  },
  {
    ...{ who: "grantee", hears: running, has: all, takes: "grant" },
    says: "is where the granter is, if the refusal carries the grant that the granter signed; otherwise nothing changes",
  },
  {
    ...{ who: "granter", hears: over, has: ["offered", ...running], takes: "end" },
    says: "ends it, where nothing was said since what is refused: the grantee wants, or knows, nothing of it",
  },
];

/** What whoever was refused does, having one state and hearing another; undefined where nothing follows. */
export function reconciliationOf(
  who: PartnershipRole,
  has: PartnershipState,
  hears: PartnershipState,
): PartnershipReconciliation["takes"] | undefined {
  return partnershipReconciliation.find(
    (each) => each.who === who && each.has.includes(has) && each.hears.includes(hears),
  )?.takes;
}

/** Whether nothing is granted, asked for or offered. */
export function isOver(state: PartnershipState): boolean {
  return over.includes(state);
}

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

/** The step that a call is in a state of the one who says it, or of the one who takes it, if it is allowed there. */
export function stepOf(
  call: PartnershipCall,
  by: PartnershipRole,
  state: PartnershipState,
  side: "said" | "taken",
): PartnershipStep | undefined {
  return partnershipCourse.find((step) => {
    const also = (side === "said" ? step.alsoSaid : step.alsoTaken) ?? [];
    return step.call === call && step.by === by && [...step.from, ...also].includes(state);
  });
}

/** Whose calls these are; `leave`, `refreshAccept` and `refreshReject` are either's. */
export function callersOf(call: PartnershipCall): readonly PartnershipRole[] {
  return partnershipCourse.filter((step) => step.call === call).map(({ by }) => by);
}
