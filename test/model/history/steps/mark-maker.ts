import { type Address, type Hex, numberToHex } from "viem";
import type { Mark, Power } from "../../clerk/keyring.ts";
import { type World, ZERO_WORD } from "../world.ts";

/** What an account has to sign by a transaction of its own. */
export interface Presigned {
  readonly account: Address;
  readonly hash: Hex;
}

/** Signs structs as accounts and their operators do, and as nobody should. */
export class MarkMaker {
  readonly presigned: Presigned[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  sign(power: Power, signer: Address, hash: Hex): Mark {
    const { random, operators, law, temper, now } = this.#world;
    const operator = random.pick(operators);
    const key = this.#hasKey(signer) ? signer : operator;
    const bulk = (by: Address): Mark => {
      const filler = (n: number): Hex => numberToHex(n + 1, { size: 32 });
      const leaves = Array.from({ length: random.pick([2, 4, 8]) }, (_, i) => filler(i));
      const index = random.below(leaves.length);
      leaves[this.#world.mostly(index, () => (index + 1) % leaves.length)] = hash;
      return { type: "bulk", key: by, power, leaves, index };
    };
    const byOperator = (law.clerk.keyring.mayAct(signer, operator, power, now) ? 30 : 0) + temper.odd / 12;
    const strange = temper.odd / 25;
    return random.weighted<() => Mark>([
      [72, () => ({ type: "key", key, over: hash })],
      [byOperator, () => ({ type: "key", key: operator, over: hash })],
      [5, () => this.#presign(signer, hash)],
      [power === "sponsorship" ? 0 : 5, () => bulk(key)],
      [power === "sponsorship" ? 0 : byOperator / 4, () => bulk(operator)],
      [strange, () => ({ type: "key", key: this.#world.anybody(), over: hash })],
      [strange, () => ({ type: "key", key, over: ZERO_WORD })],
      [strange, () => ({ type: "junk" })],
      [strange, () => ({ type: "none" })],
    ])();
  }

  #presign(account: Address, hash: Hex): Mark {
    this.presigned.push({ account, hash });
    return { type: "none" };
  }

  #hasKey(account: Address): boolean {
    return this.#world.addresses.includes(account);
  }
}
