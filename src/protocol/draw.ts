import { encodeAbiParameters, type Hex, keccak256 } from "viem";

/** Beyond so many draws a task's shuffle ends, as in `contracts/libraries/Sortition.sol`. */
export const MAX_DRAWS = 256;

/** A shuffle of the numbers below a size, as far as it was needed. */
export interface Shuffle {
  /** Takes the next number, or undefined when none is left. The seed is that of the running round. */
  draw(seed: Hex, taskId: Hex): number | undefined;
}

/**
 * Draws numbers at random, none of them twice: twin of `contracts/libraries/Sortition.sol`, where the formula is. A shuffle
 * goes on over all rounds of a task.
 */
export function createShuffle(size: number): Shuffle {
  const moved = new Map<number, number>();
  let taken = 0;
  return {
    draw(seed, taskId) {
      if (taken >= Math.min(size, MAX_DRAWS)) return undefined;
      const i = taken++;
      const hash = keccak256(
        encodeAbiParameters(
          [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }],
          [seed, taskId, BigInt(i)],
        ),
      );
      const j = i + Number(BigInt(hash) % BigInt(size - i));
      const number = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
      return number;
    },
  };
}
