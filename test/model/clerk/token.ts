import type { Address } from "viem";
import { type Journal, Table } from "../journal.ts";
import { need } from "../refusal.ts";

const UNLIMITED = 2n ** 256n - 1n;

/** The token, as far as the Clerk moves it: wallets, their approvals of the Clerk, and what the Till holds. */
export class TokenModel {
  readonly wallets: Table<bigint>;
  readonly approvals: Table<bigint>;
  readonly till: Address;

  constructor(journal: Journal, till: Address) {
    this.wallets = new Table<bigint>(journal, 0n);
    this.approvals = new Table<bigint>(journal, 0n);
    this.till = till;
  }

  approve(owner: Address, amount: bigint): void {
    this.approvals.set(amount, owner);
  }

  /** From a wallet into the Till, as far as it is approved. */
  pull(owner: Address, amount: bigint): void {
    const approved = this.approvals.get(owner);
    need(amount <= approved, "ERC20InsufficientAllowance");
    if (approved !== UNLIMITED) this.approvals.set(approved - amount, owner);
    this.transfer(owner, this.till, amount);
  }

  push(owner: Address, amount: bigint): void {
    this.transfer(this.till, owner, amount);
  }

  transfer(from: Address, to: Address, amount: bigint): void {
    need(amount <= this.wallets.get(from), "ERC20InsufficientBalance");
    this.wallets.set(this.wallets.get(from) - amount, from);
    this.wallets.set(this.wallets.get(to) + amount, to);
  }
}
