import { type Address, type Hex, zeroAddress } from "viem";
import { assetKind } from "#src/protocol/ids.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { Conditions, RequestOrder } from "#src/protocol/orders.ts";
import { structHash } from "#src/protocol/struct-hash.ts";
import type { Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import type { Accounts } from "./accounts.ts";
import type { Batch, Leg, Signed, Sponsorship } from "./batch.ts";
import { CANCELLED, type Fills } from "./fills.ts";
import type { KeyringModel, Mark, Power, Spender } from "./keyring.ts";

/** An order of a batch by itself: who signed it, and what is wrong with it, if anything. */
export interface Standing {
  readonly hash: Hex;
  readonly signer: Address;
  readonly salt: Hex;
  readonly refusal: string;
  /** The key that signed for whoever's money the order locks, where it was not that account itself. */
  readonly spender?: Spender | undefined;
  /** The most that the sponsor pays, where there is one. */
  readonly cap?: bigint;
}

export interface Standings {
  readonly apps: readonly Standing[];
  readonly datasets: readonly Standing[];
  readonly pools: readonly Standing[];
  readonly requests: readonly Standing[];
}

const SPONSORSHIP = {
  Sponsorship: [
    { name: "request", type: "bytes32" },
    { name: "cap", type: "uint64" },
    { name: "validUntil", type: "uint64" },
    { name: "epoch", type: "uint64" },
  ],
} as const;

export function sponsorshipHash(request: Hex, { cap, validUntil, epoch }: Omit<Sponsorship, "mark">): Hex {
  return structHash(SPONSORSHIP, "Sponsorship", { request, cap, validUntil, epoch });
}

/** Asked about orders as they stand before a batch changes anything. */
export class Clerkship {
  readonly #accounts: Accounts;
  readonly #fills: Fills;
  readonly #keyring: KeyringModel;
  readonly #owners: Table<Address>;

  constructor(accounts: Accounts, fills: Fills, keyring: KeyringModel, owners: Table<Address>) {
    this.#accounts = accounts;
    this.#fills = fills;
    this.#keyring = keyring;
    this.#owners = owners;
  }

  standingsOf(batch: Batch, sealer: Address, now: Moment): Standings {
    const sold = (leg: "app" | "dataset" | "pool", asset: bigint, hash: Hex, order: AnySigned) =>
      this.#sold(leg, asset, hash, order, sealer, now);
    return {
      apps: batch.apps.map((each) =>
        sold("app", each.order.app, orderHash({ type: "app", order: each.order }), each),
      ),
      datasets: batch.datasets.map((each) =>
        sold("dataset", each.order.dataset, orderHash({ type: "dataset", order: each.order }), each),
      ),
      pools: batch.pools.map((each) =>
        sold("pool", each.order.pool, orderHash({ type: "pool", order: each.order }), each),
      ),
      requests: this.#requests(batch, sealer, now),
    };
  }

  /** An asset's orders are signed by whoever owns it now. */
  #sold(
    leg: "app" | "dataset" | "pool",
    asset: bigint,
    hash: Hex,
    { order, mark }: AnySigned,
    sealer: Address,
    now: Moment,
  ): Standing {
    const signer = assetKind(asset) === leg ? this.#owners.get(asset) : zeroAddress;
    const { salt } = order.conditions;
    if (signer === zeroAddress) return { hash, signer, salt, refusal: "WrongKind" };
    return this.#standing(leg, hash, signer, order.conditions, mark, sealer, now);
  }

  #requests(batch: Batch, sealer: Address, now: Moment): Standing[] {
    const sponsorships = [...batch.sponsorships];
    return batch.requests.map(({ order, mark }) => {
      const hash = orderHash({ type: "request", order });
      const own = this.#standing("request", hash, order.requester, order.conditions, mark, sealer, now);
      if (order.sponsor === zeroAddress) return own;
      const sponsorship = sponsorships.shift();
      if (own.refusal !== "None") return own;
      return this.#sponsored(own, order, sponsorship, now);
    });
  }

  #standing(
    leg: Leg,
    hash: Hex,
    signer: Address,
    conditions: Conditions,
    mark: Mark,
    sealer: Address,
    now: Moment,
  ): Standing {
    const { salt } = conditions;
    const refused = (refusal: string): Standing => ({ hash, signer, salt, refusal });
    const filled = this.#fills.filled(leg, signer, salt, hash);
    if (now.time > conditions.validUntil) return refused("Expired");
    if (conditions.epoch !== this.#accounts.accounts.get(signer).epoch) return refused("WrongEpoch");
    if (filled === CANCELLED || filled >= conditions.volume) return refused("CancelledOrFilled");
    if (conditions.matcher !== zeroAddress && conditions.matcher !== sealer) return refused("NotTheMatcher");
    const signing = this.#keyring.check(signer, leg satisfies Power, "clerk", hash, mark, now);
    if (!signing.valid) return refused("BadSignature");
    return { hash, signer, salt, refusal: "None", spender: signing.spender };
  }

  /** The sponsor's money, so the sponsor's key, if any, is the one that counts. */
  #sponsored(
    own: Standing,
    order: RequestOrder,
    sponsorship: Sponsorship | undefined,
    now: Moment,
  ): Standing {
    const { sponsor } = order;
    const refused: Standing = { ...own, refusal: "SponsorNotSigned" };
    if (sponsorship === undefined || now.time > sponsorship.validUntil) return refused;
    if (sponsorship.epoch !== this.#accounts.accounts.get(sponsor).epoch) return refused;
    const hash = sponsorshipHash(own.hash, sponsorship);
    const signing = this.#keyring.check(sponsor, "sponsorship", "clerk", hash, sponsorship.mark, now);
    if (!signing.valid) return refused;
    return { ...own, spender: signing.spender, cap: sponsorship.cap };
  }
}

type AnySigned = Signed<{ readonly conditions: Conditions }>;
