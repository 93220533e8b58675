import { buyerUnit, type Deal } from "#src/protocol/deals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import type { PlacedEvent, TaskEvent } from "./task-history.ts";
import type { Payment } from "./task-payments.ts";
import { timeWords } from "./time-words.ts";

/** One entry of a timeline: when, and what happened. */
export function timelineLine(deal: Deal, event: PlacedEvent): string {
  const when = event.at === undefined ? "" : `${timeWords(event.at)}  `;
  return `${when}block ${event.block}  ${eventInWords(deal, event)}`;
}

export function eventInWords(deal: Deal, event: TaskEvent): string {
  switch (event.type) {
    case "sealed":
      return `sealed: ${inHanse(buyerUnit(deal))} of ${deal.payer} are held in escrow, and ${inHanse(deal.poolStake)} of the pool's owner at stake`;
    case "drawn":
      return event.seats.length === 0
        ? `round ${event.round}: no seat could be drawn`
        : `round ${event.round}: drawn ${seats(event.seats)}`;
    case "committed":
      return `round ${event.round}: seat ${event.seat} (${event.worker}) committed a sealed answer`;
    case "round-opened":
      return `round ${event.round} was opened: the answers so far are not sure enough`;
    case "missed":
      return `${event.worker} gave no answer in time and was fined ${inHanse(event.fine)}`;
    case "slashed":
      return `${event.worker} was wrong and lost its seat: ${inHanse(event.paid)} of its stake to those who were right, ${inHanse(event.forfeited)} more to nobody of the task`;
    case "certified":
      return `certified, result ${event.content}`;
    case "failed":
      return `certified to fail (${OUTCOMES[event.outcome] ?? event.outcome}): refunded but for a small fee`;
    case "claimed":
      return `not certified in time and claimed back: refunded, the pool's owner lost ${inHanse(event.poolSlashed)}`;
    case "callback":
      return `contract ${event.callback} was told the result${event.success ? "" : ", and failed"}`;
  }
}

export function paymentLine({ role, to, amount }: Payment): string {
  return `${role === "payer" ? "refunded" : "paid"} ${inHanse(amount)} to the ${role} ${to}`;
}

function seats(numbers: readonly number[]): string {
  return `${numbers.length === 1 ? "seat" : "seats"} ${numbers.join(", ")}`;
}
