import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { type Journal, Table } from "../journal.ts";
import type { Rules } from "../rules.ts";
import type { Leg } from "./batch.ts";

/** What `filled` tells of cancelled orders. */
export const CANCELLED = 0xffff_ffff;

/** How much is taken of orders: those of one kind, signer and salt share one volume. */
export class Fills {
  readonly taken: Table<number>;
  readonly cancelled: Table<boolean>;
  readonly #rules: Rules;

  constructor(journal: Journal, rules: Rules) {
    this.taken = new Table<number>(journal, 0);
    this.cancelled = new Table<boolean>(journal, false);
    this.#rules = rules;
  }

  cancel(signer: Address, leg: Leg, salts: readonly Hex[]): void {
    for (const salt of salts) this.cancelled.set(true, leg, signer, salt);
  }

  /** How much is sealed, cancelled or not. */
  sealed(leg: Leg, signer: Address, salt: Hex, orderHash: Hex): number {
    return this.taken.get(leg, signer, this.#nameOf(salt, orderHash));
  }

  filled(leg: Leg, signer: Address, salt: Hex, orderHash: Hex): number {
    return this.cancelled.get(leg, signer, salt) ? CANCELLED : this.sealed(leg, signer, salt, orderHash);
  }

  take(leg: Leg, signer: Address, salt: Hex, orderHash: Hex, volume: number): void {
    const taken = this.sealed(leg, signer, salt, orderHash) + volume;
    this.taken.set(taken, leg, signer, this.#nameOf(salt, orderHash));
  }

  #nameOf(salt: Hex, orderHash: Hex): Hex {
    return this.#rules.saltsShared ? salt : orderHash;
  }
}

/** What names all deals of a requester's orders with one salt. */
export function requestIdOf(requester: Address, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "address" }], [salt, requester]));
}
