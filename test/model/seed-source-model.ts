import type { Hex } from "viem";
import { type Journal, Table } from "./journal.ts";
import type { Moment } from "./moment.ts";
import { need } from "./refusal.ts";

/** Hashes of blocks, as far back as a contract sees them or somebody had them recorded. */
export class SeedSourceModel {
  readonly recorded: Table<Hex | undefined>;

  constructor(journal: Journal) {
    this.recorded = new Table<Hex | undefined>(journal, undefined);
  }

  record(block: bigint, now: Moment): void {
    const seed = this.seedOf(block, now);
    need(seed !== undefined, "BlockhashSeedSourceUnknown");
    this.recorded.set(seed, block);
  }

  seedOf(block: bigint, now: Moment): Hex | undefined {
    if (block < now.block && block >= now.block - 256n) return now.hashOf(block);
    return this.recorded.get(block);
  }
}
