import { type Address, type Hex, zeroAddress } from "viem";
import { structHash } from "#src/protocol/struct-hash.ts";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { Mark } from "./keyring.ts";

const UNLIMITED = 2n ** 256n - 1n;

/** A signed approval of the Clerk (ERC-2612). */
export interface Permit {
  readonly owner: Address;
  readonly amount: bigint;
  /** Unix seconds. */
  readonly deadline: bigint;
  readonly mark: Mark;
}

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

export interface TokenPlaces {
  readonly clerk: Address;
  readonly till: Address;
}

/** The token, as far as it concerns the Clerk: wallets, their approvals of the Clerk, and what the Till holds. */
export class TokenModel {
  readonly wallets: Table<bigint>;
  readonly approvals: Table<bigint>;
  readonly nonces: Table<bigint>;
  /** What was sent to the Till by somebody else than the Clerk: nobody's for good. */
  readonly stranded: Table<bigint>;
  readonly places: TokenPlaces;
  readonly #rules: Rules;

  constructor(journal: Journal, rules: Rules, places: TokenPlaces) {
    this.wallets = new Table<bigint>(journal, 0n);
    this.approvals = new Table<bigint>(journal, 0n);
    this.nonces = new Table<bigint>(journal, 0n);
    this.stranded = new Table<bigint>(journal, 0n);
    this.places = places;
    this.#rules = rules;
  }

  approve(owner: Address, amount: bigint): void {
    this.approvals.set(amount, owner);
  }

  permitHash(owner: Address, amount: bigint, deadline: bigint, nonce: bigint): Hex {
    const { clerk } = this.places;
    return structHash(PERMIT, "Permit", { owner, spender: clerk, value: amount, nonce, deadline });
  }

  /** Anybody hands in what the owner signed. */
  permit({ owner, amount, deadline, mark }: Permit, now: Moment): void {
    need(now.time <= deadline, "ERC2612ExpiredSignature");
    need(mark.type !== "junk", "ECDSAInvalidSignatureS");
    need(mark.type !== "none", "ECDSAInvalidSignature");
    const nonce = this.nonces.get(owner);
    const isSigned =
      mark.type === "key" &&
      mark.key === owner &&
      mark.over === this.permitHash(owner, amount, deadline, nonce);
    need(isSigned, "ERC2612InvalidSigner");
    if (this.#rules.permitsOnce) this.nonces.set(nonce + 1n, owner);
    this.approve(owner, amount);
  }

  /** From a wallet into the Till, as far as it is approved. */
  pull(owner: Address, amount: bigint): void {
    const approved = this.approvals.get(owner);
    need(amount <= approved, "ERC20InsufficientAllowance");
    if (approved !== UNLIMITED) this.approvals.set(approved - amount, owner);
    this.#move(owner, this.places.till, amount);
  }

  push(owner: Address, amount: bigint): void {
    this.#move(this.places.till, owner, amount);
  }

  /** Whoever holds tokens sends them wherever it likes. */
  transfer(from: Address, to: Address, amount: bigint): void {
    need(to !== zeroAddress, "ERC20InvalidReceiver");
    this.#move(from, to, amount);
    if (to === this.places.till) this.stranded.set(this.stranded.get(to) + amount, to);
  }

  #move(from: Address, to: Address, amount: bigint): void {
    need(amount <= this.wallets.get(from), "ERC20InsufficientBalance");
    this.wallets.set(this.wallets.get(from) - amount, from);
    this.wallets.set(this.wallets.get(to) + amount, to);
  }
}
