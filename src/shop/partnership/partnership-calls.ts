import { randomUUID } from "node:crypto";
import { answeringCalls, type OwnerCall, type PartnershipCall } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type PartnershipRole, type PartnershipStep, stepOf } from "./partnership-course.ts";
import { type PartnershipRecord, partnershipView, pendingIdOf } from "./partnership-store.ts";
import { badTerms } from "./partnership-terms.ts";

// What an owner's call is checked for before it is said.

export const pathOf = (call: PartnershipCall) => `/v1/partnerships/${call}`;
/** What a call is about; one who has forgotten everything may still leave. */
export const named = ({ exchange }: PartnershipRecord) => (exchange === "" ? randomUUID() : exchange);
export const nothingToSay = (call: PartnershipCall, by: PartnershipRole, state: string) =>
  `${call} of the ${by} is nothing that can be said while it is "${state}"`;

/** @throws HANSE_PARTNERSHIP_STATE where the call is none for where this shop stands */
export function allowedStep(
  record: PartnershipRecord,
  call: PartnershipCall,
  by: PartnershipRole,
  now: number,
): PartnershipStep {
  const { state } = partnershipView(record, now);
  const step = stepOf(call, by, state, "said");
  if (step !== undefined) return step;
  throw new HanseError("HANSE_PARTNERSHIP_STATE", nothingToSay(call, by, state), {
    details: { call, by, state, peer: record.peer },
  });
}

/** @throws HANSE_PARTNERSHIP_TERMS where it does not say what it answers, HANSE_PARTNERSHIP_CHANGED where that is not what waits */
export function assertAnswers(
  record: PartnershipRecord,
  call: PartnershipCall,
  { answers }: OwnerCall,
): void {
  if (!answeringCalls.includes(call)) return;
  if (answers === undefined) throw badTerms(`${call} says what it answers: the pendingId that was looked at`);
  const pendingId = pendingIdOf(record);
  if (answers === pendingId) return;
  throw new HanseError(
    "HANSE_PARTNERSHIP_CHANGED",
    `What ${record.peer} and this shop wait for is another than ${call} answers`,
    { details: { peer: record.peer, call, answers, pendingId } },
  );
}
