import { type Address, type Hex, keccak256, stringToHex } from "viem";
import type { Result } from "#src/protocol/contributions.ts";
import type { World } from "../world.ts";

/** What an honest worker finds, a thing that liars agree on, and one that only one worker says. */
export type Kind = "truth" | "lie" | "junk";

export function result(id: Hex, kind: Kind, by: Address): Result {
  const fails = BigInt(id) % 5n === 0n;
  return {
    outcome: kind === "lie" ? (BigInt(id) % 7n === 0n ? 3 : 0) : fails ? 2 : 0,
    content: answer(id, kind, by),
    memoryHash: hashOf(id, "memory"),
    callbackData: "0x01",
  };
}

/** What a juror says. */
export function answer(id: Hex, kind: Kind, by: Address): Hex {
  return hashOf(id, kind === "junk" ? by : kind);
}

/** What somebody says about a task. */
export function someKind(world: World, id: Hex): Kind {
  const { random } = world;
  if (!random.chance(liarsIn100(world, id))) return "truth";
  return random.weighted<Kind>([
    [55, "lie"],
    [45, "junk"],
  ]);
}

/** Tasks differ in how many lie: in some nobody does, in some nearly everybody. */
function liarsIn100({ temper }: World, id: Hex): number {
  return Math.min(temper.liars * ([0, 1, 1, 2, 4][Number(BigInt(id) % 5n)] ?? 0), 95);
}

export function hashOf(id: Hex, name: string): Hex {
  return keccak256(stringToHex(`${id} ${name}`));
}
