import type { Address } from "viem";
import type { Book } from "#src/book/book.ts";
import type { Proposal } from "#src/book/proposal.ts";
import { payerOf } from "#src/protocol/orders.ts";
import type { Leg, Refusal } from "#src/protocol/refusals.ts";
import type { ChainFacts } from "./chain-facts.ts";

/** A proposal that the Clerk would refuse, known before anything is sent. */
export interface RefusedProposal {
  readonly proposal: Proposal;
  readonly leg: Leg;
  readonly refusal: Refusal;
}

export interface Review {
  readonly good: readonly Proposal[];
  readonly refused: readonly RefusedProposal[];
  /** Proposals that a group does not admit: the book knows the answer now and looks for others. */
  readonly unanswered: readonly Proposal[];
}

/** Asks the chain what the book could not know: groups, and whether the payers' money suffices for all of a batch. */
export async function reviewProposals(
  { facts, book }: { readonly facts: ChainFacts; readonly book: Book },
  proposals: readonly Proposal[],
): Promise<Review> {
  const admitted = await Promise.all(proposals.map((proposal) => isAdmitted(proposal)));
  const free = new Map<Address, bigint>();
  const good: Proposal[] = [];
  const refused: RefusedProposal[] = [];
  const unanswered: Proposal[] = [];
  for (const [index, proposal] of proposals.entries()) {
    if (!admitted[index]) {
      unanswered.push(proposal);
      continue;
    }
    const payer = payerOf(proposal.request.signed.order);
    const left = free.get(payer) ?? (await facts.account(payer)).freeNano;
    const price = priceNano(proposal);
    if (price > left) {
      refused.push({ proposal, leg: "request", refusal: "PayerUnfunded" });
      continue;
    }
    free.set(payer, left - price);
    good.push(proposal);
  }
  return { good, refused, unanswered };

  async function isAdmitted({ questions }: Proposal): Promise<boolean> {
    const answers = await Promise.all(
      questions.map(async (question) => {
        const member = await facts.isMember(question);
        book.answer(question, member);
        return member;
      }),
    );
    return answers.every(Boolean);
  }
}

/** What the Clerk will lock of the payer's money. */
export function priceNano({ app, dataset, pool, volume }: Proposal): bigint {
  const unit = app.signed.order.price + (dataset?.signed.order.price ?? 0n) + pool.signed.order.price;
  return unit * BigInt(volume);
}
