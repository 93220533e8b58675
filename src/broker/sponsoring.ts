import { type Address, type Hex, zeroAddress } from "viem";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { sponsorshipHash } from "#src/protocol/sponsorship.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { Signing } from "./market-chain.ts";

/** Who pays for a request in its requester's place; undefined: nobody. */
export function sponsorOf({ type, order }: SignedOrder): Address | undefined {
  return type !== "request" || order.sponsor === zeroAddress ? undefined : order.sponsor;
}

/** How a sponsor's word stands, by what the chain says. */
export type SponsorStanding =
  | { readonly type: "signed"; readonly signing: Signing }
  | { readonly type: "void"; readonly why: string; readonly details: Readonly<Record<string, unknown>> };

/** @returns undefined for an order that names no sponsor */
export async function sponsorStanding(
  facts: ChainFacts,
  signed: SignedOrder,
  hash: Hex,
  now: bigint,
): Promise<SponsorStanding | undefined> {
  const { sponsorship } = signed;
  const sponsor = sponsorOf(signed);
  if (sponsor === undefined) return undefined;
  const as = (why: string, details: Readonly<Record<string, unknown>> = {}): SponsorStanding => ({
    type: "void",
    why,
    details: { sponsor, ...details },
  });
  if (sponsorship === undefined) return as("is missing");
  const { validUntil, epoch, signature } = sponsorship;
  if (validUntil < now) return as(`was valid until ${validUntil}, it is ${now}`, { validUntil, now });
  const account = await facts.account(sponsor);
  if (account.epoch !== epoch) {
    return as(`is of epoch ${epoch}, the sponsor's account of ${account.epoch}`, {
      epoch,
      accountEpoch: account.epoch,
    });
  }
  const said = sponsorshipHash(hash, sponsorship);
  const signing = await facts.signing({ account: sponsor, kind: "sponsorship", hash: said, signature });
  return signing.type === "nobody" ? as("is not signed by the sponsor") : { type: "signed", signing };
}
