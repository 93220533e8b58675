import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import type { BlockRef } from "#src/chain/follower.ts";
import { bytes32Schema } from "#src/client/order-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { makeDirectory } from "#src/kernel/make-directory.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { writeWhole } from "./write-whole.ts";

/** Whose eyes these are, and on which chain. */
export interface WatchIdentity {
  readonly genesisHash: Hex;
  readonly poco: string;
  readonly pool: Hex;
  readonly worker: string;
}

const block = z.string().regex(/^\d+$/).transform(BigInt);
const number = z.number().int().nonnegative();

const dealSchema = z.object({
  id: bytes32Schema,
  sealedAtBlock: block,
  deadline: block,
  firstTask: number,
  volume: number,
  /** Indices of the tasks that the seat was drawn for in round 1; null: not known yet. */
  drawn: z.array(number).nullable(),
  /** Tasks that went on to a later round, and the block that said so. */
  opened: z.array(z.object({ index: number, atBlock: block })),
  /** In which all of its tasks had ended. */
  endedAtBlock: block.nullable(),
});
/** A deal of the pool as far as it concerns one seat. */
export type WatchedDeal = z.output<typeof dealSchema>;

const watchSchema = z.object({
  version: z.literal(1),
  identity: z.object({
    genesisHash: bytes32Schema,
    poco: z.string(),
    pool: bytes32Schema,
    worker: z.string(),
  }),
  /** Blocks that were dealt with, newest last. */
  blocks: z.array(z.object({ number: block, hash: bytes32Schema })),
  deals: z.array(dealSchema),
});

export interface WatchState {
  readonly blocks: readonly BlockRef[];
  readonly deals: readonly WatchedDeal[];
}

/** How far a worker has followed the chain, and what it found there; one file, whole or not at all. */
export interface WatchStore {
  /**
   * What was saved last; undefined at the beginning.
   * @throws HANSE_CHAIN_MISMATCH when the file is another worker's, pool's or chain's; HANSE_DISK_UNWRITABLE
   */
  load(): Promise<WatchState | undefined>;
  /** @throws HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE */
  save(state: WatchState): Promise<void>;
}

export function createWatchStore(path: string, identity: WatchIdentity): WatchStore {
  return {
    async load() {
      await makeDirectory(dirname(path));
      let text: string;
      try {
        text = await readFile(path, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw fromSystemError(error);
      }
      const parsed = watchSchema.safeParse(parseJson(text));
      // Nothing in it that the chain would not tell again.
      if (!parsed.success) return undefined;
      const found = parsed.data.identity;
      if (JSON.stringify(found) === JSON.stringify(identityOf(identity))) return parsed.data;
      throw new HanseError("HANSE_CHAIN_MISMATCH", "this state is of another worker, pool or chain", {
        details: { path, expected: identity, found },
      });
    },
    async save(state) {
      const file = { version: 1, identity: identityOf(identity), ...state };
      const asText = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
      try {
        await writeWhole(path, JSON.stringify(file, asText));
      } catch (error) {
        throw fromSystemError(error);
      }
    },
  };
}

function identityOf({ genesisHash, poco, pool, worker }: WatchIdentity): WatchIdentity {
  return { genesisHash, poco: poco.toLowerCase(), pool, worker: worker.toLowerCase() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
