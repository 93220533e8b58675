import type { Hex } from "viem";
import type { Obstacle } from "#src/protocol/refusals.ts";

/** Pairs of orders that are each good but were refused together: a pool with too few seats for one request, say. */
export interface Exclusions {
  add(request: Hex, other: Hex, refusal: Obstacle): void;
  refusal(request: Hex, other: Hex): Obstacle | undefined;
  /** Forgets the pairs of one order, or all. */
  clear(hash?: Hex): void;
}

export function createExclusions(): Exclusions {
  const byRequest = new Map<Hex, Map<Hex, Obstacle>>();
  return {
    add(request, other, refusal) {
      const pairs = byRequest.get(request) ?? new Map<Hex, Obstacle>();
      byRequest.set(request, pairs.set(other, refusal));
    },
    refusal: (request, other) => byRequest.get(request)?.get(other),
    clear(hash) {
      if (hash === undefined) byRequest.clear();
      else if (!byRequest.delete(hash)) for (const pairs of byRequest.values()) pairs.delete(hash);
    },
  };
}
