import type { Address } from "viem";
import { type Journal, Table } from "../journal.ts";
import { need, Refused } from "../refusal.ts";
import type { TokenModel } from "./token.ts";

export interface Account {
  readonly free: bigint;
  readonly locked: bigint;
  readonly epoch: bigint;
}

export interface Bond {
  readonly allowance: bigint;
  readonly bonded: bigint;
}

export interface Entry {
  readonly account: Address;
  readonly amount: bigint;
}

/** Who has how much in the Clerk, and what of it is locked. */
export class Accounts {
  readonly accounts: Table<Account>;
  readonly bonds: Table<Bond>;
  readonly #token: TokenModel;

  constructor(journal: Journal, token: TokenModel) {
    this.accounts = new Table<Account>(journal, { free: 0n, locked: 0n, epoch: 0n });
    this.bonds = new Table<Bond>(journal, { allowance: 0n, bonded: 0n });
    this.#token = token;
  }

  deposit(caller: Address, account: Address, amount: bigint): void {
    need(amount > 0n, "ClerkAmountInvalid");
    this.#token.pull(caller, amount);
    this.credit(account, amount);
  }

  withdraw(caller: Address, amount: bigint): void {
    need(amount > 0n, "ClerkAmountInvalid");
    this.#debit(caller, amount);
    this.#token.push(caller, amount);
  }

  pay(caller: Address, credits: readonly Entry[]): void {
    for (const { account, amount } of credits) {
      this.#debit(caller, amount);
      this.credit(account, amount);
    }
  }

  allowCertifier(caller: Address, certifier: Address, allowance: bigint): void {
    this.bonds.set({ ...this.bonds.get(caller, certifier), allowance }, caller, certifier);
  }

  raiseEpoch(caller: Address, epoch: bigint): void {
    const account = this.accounts.get(caller);
    need(epoch > account.epoch, "ClerkEpochNotRaised");
    this.accounts.set({ ...account, epoch }, caller);
  }

  bond(certifier: Address, account: Address, amount: bigint): void {
    const held = this.bonds.get(account, certifier);
    need(held.bonded + amount <= held.allowance, "ClerkAllowanceTooLow");
    this.lock(account, amount);
    this.bonds.set({ ...held, bonded: held.bonded + amount }, account, certifier);
  }

  unbond(certifier: Address, account: Address, amount: bigint): void {
    this.#seize(certifier, { account, amount });
    this.credit(account, amount);
  }

  slash(certifier: Address, seized: readonly Entry[], credits: readonly Entry[]): void {
    this.distribute(this.seizeAll(certifier, seized), credits);
  }

  /** Free money becomes locked. */
  lock(owner: Address, amount: bigint): void {
    this.#debit(owner, amount);
    this.#addLocked(owner, amount);
  }

  /** Locked money leaves an account, to be credited to somebody. */
  release(owner: Address, amount: bigint): void {
    this.#addLocked(owner, -amount);
  }

  seizeAll(certifier: Address, seized: readonly Entry[]): bigint {
    for (const entry of seized) this.#seize(certifier, entry);
    return sum(seized);
  }

  distribute(held: bigint, credits: readonly Entry[]): void {
    need(sum(credits) === held, "ClerkUnbalanced");
    for (const { account, amount } of credits) this.credit(account, amount);
  }

  credit(owner: Address, amount: bigint): void {
    const account = this.accounts.get(owner);
    this.accounts.set({ ...account, free: account.free + amount }, owner);
  }

  #debit(owner: Address, amount: bigint): void {
    const account = this.accounts.get(owner);
    need(amount <= account.free, "ClerkBalanceTooLow");
    this.accounts.set({ ...account, free: account.free - amount }, owner);
  }

  #seize(certifier: Address, { account, amount }: Entry): void {
    const held = this.bonds.get(account, certifier);
    need(amount <= held.bonded, "ClerkBondTooLow");
    this.bonds.set({ ...held, bonded: held.bonded - amount }, account, certifier);
    this.release(account, amount);
  }

  #addLocked(owner: Address, amount: bigint): void {
    const account = this.accounts.get(owner);
    const locked = account.locked + amount;
    if (locked < 0n) throw new Refused("the model lost count of locked money");
    this.accounts.set({ ...account, locked }, owner);
  }
}

export function sum(entries: readonly Entry[]): bigint {
  return entries.reduce((total, { amount }) => total + amount, 0n);
}
