import { type Address, type Hex, zeroAddress } from "viem";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";

export const POWERS = {
  app: 1,
  dataset: 2,
  pool: 4,
  request: 8,
  sponsorship: 16,
  contribution: 32,
  result: 64,
} as const;
export type Power = keyof typeof POWERS;

export interface Operator {
  readonly powers: number;
  readonly limit: bigint;
  readonly validUntil: bigint;
}

/** A signature, by what it is worth instead of by its bytes. */
export type Mark =
  /** A key's over one struct hash. */
  | { readonly type: "key"; readonly key: Address; readonly over: Hex }
  /** A key's over a tree of orders of one kind; `index` is the place claimed. */
  | {
      readonly type: "bulk";
      readonly key: Address;
      readonly power: Power;
      readonly leaves: readonly Hex[];
      readonly index: number;
    }
  /** No bytes: the account has presigned. */
  | { readonly type: "none" }
  /** Bytes that nobody's key made. */
  | { readonly type: "junk" };

/** The key that signed in the account's name, and the most it may lock; absent: the account itself. */
export interface Spender {
  readonly key: Address;
  readonly limit: bigint;
}

export type Signing = { readonly valid: false } | { readonly valid: true; readonly spender?: Spender };

/** Who may sign for whom. */
export class KeyringModel {
  readonly operators: Table<Operator>;
  readonly presigned: Table<boolean>;
  /** Accounts with code, which take any signature for theirs. */
  readonly #credulous: ReadonlySet<Address>;

  constructor(journal: Journal, credulous: ReadonlySet<Address>) {
    this.operators = new Table<Operator>(journal, { powers: 0, limit: 0n, validUntil: 0n });
    this.presigned = new Table<boolean>(journal, false);
    this.#credulous = credulous;
  }

  setOperator(caller: Address, key: Address, grant: Operator): void {
    need(key !== zeroAddress && key !== caller, "KeyringKeyInvalid");
    this.operators.set(grant, caller, key);
  }

  /** `domain`: whose digests they are. */
  presign(caller: Address, domain: string, structHash: Hex, signed: boolean): void {
    this.presigned.set(signed, caller, domain, structHash);
  }

  mayAct(account: Address, key: Address, power: Power, now: Moment): boolean {
    if (key === account) return true;
    const { powers, validUntil } = this.operators.get(account, key);
    return (powers & POWERS[power]) !== 0 && now.time <= validUntil;
  }

  /** Whether the account itself signed, where no operator may. */
  isOwnWord(account: Address, structHash: Hex, mark: Mark): boolean {
    const isKeys = mark.type === "key" && mark.key === account && mark.over === structHash;
    return isKeys || this.#credulous.has(account);
  }

  check(account: Address, power: Power, domain: string, structHash: Hex, mark: Mark, now: Moment): Signing {
    const key = signerOf(mark, power, structHash);
    if (key === account) return { valid: true };
    if (mark.type === "none" && this.presigned.get(account, domain, structHash)) return { valid: true };
    if (key !== undefined && this.mayAct(account, key, power, now)) {
      return { valid: true, spender: { key, limit: this.operators.get(account, key).limit } };
    }
    return this.#credulous.has(account) ? { valid: true } : { valid: false };
  }
}

/** Whose key signed this very struct, if anybody's did. */
function signerOf(mark: Mark, power: Power, structHash: Hex): Address | undefined {
  if (mark.type === "key") return mark.over === structHash ? mark.key : undefined;
  if (mark.type !== "bulk") return undefined;
  return mark.power === power && mark.leaves[mark.index] === structHash ? mark.key : undefined;
}
