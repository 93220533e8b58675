import type { Hex, Log } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainBlock } from "#src/chain/block.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type BlockRef, followChain } from "#src/chain/follower.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type Deal, idOfDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { SEED_DELAY } from "#src/protocol/panel-parameters.ts";
import { drawPlaces } from "#src/protocol/places.ts";
import type { DrawnTask } from "./own-duty.ts";
import { createSeatRoster } from "./seat-roster.ts";
import type { WatchedDeal, WatchStore } from "./watch-store.ts";
import type { WorkerChain } from "./worker-chain.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

export interface SeatWatchDeps {
  readonly client: ChainClient;
  readonly deployment: Deployment;
  readonly chain: Pick<WorkerChain, "head" | "seat" | "seedOf">;
  readonly market: { deal(id: Hex): Promise<{ readonly deal: Deal }> };
  readonly store: WatchStore;
  readonly logger: Logger;
  readonly metrics: Pick<WorkerMetrics, "followedBlock" | "watchedTasks">;
  readonly clock?: Clock;
  /** Told of each block before it counts as dealt with, and of what was undone; again after a crash. */
  readonly onBlock?: (block: ChainBlock, logs: readonly Log[]) => Promise<void>;
  readonly onReorg?: (to: BlockRef) => Promise<void>;
}

export interface SeatWatchOptions {
  readonly pool: AssetId;
  /** The worker's; undefined in a closed pool: then nobody is drawn, and only the blocks are passed on. */
  readonly seat: number | undefined;
  /** The block in which the seat was taken. */
  readonly fromBlock: bigint;
  readonly pollMs: number;
}

/** A worker's own eyes. */
export interface SeatWatch {
  /**
   * Follows the chain until the signal aborts, from where it ended before.
   * @throws HANSE_CHAIN_MISMATCH, HANSE_RPC_REFUSED, HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
   */
  follow(signal: AbortSignal): Promise<void>;
  /** The tasks that may concern the seat: it was drawn in their first round, or they went on to a later one. */
  tasks(): Promise<DrawnTask[]>;
  /** The deal of one of the pool's tasks, whoever was drawn for it. */
  dealOf(id: Hex): Hex | undefined;
  /** The last block that was dealt with. */
  followed(): bigint;
}

/** How many blocks a reorganisation may undo without everything being read again; also kept of deals that ended. */
const REMEMBERED_BLOCKS = 64;
/** Blocks without anything of interest after which the cursor is saved all the same. */
const SAVE_EVERY = 32n;
/** The chain forgets a block's hash after so many. */
const SEED_KNOWN_BLOCKS = 256n;
/** As long as a stake stays: later nothing about a seat can be at issue. */
const UNCLAIMED_BLOCKS = 120_960n;

export function createSeatWatch(deps: SeatWatchDeps, options: SeatWatchOptions): SeatWatch {
  const { client, deployment, chain, market, store, logger, metrics } = deps;
  const { pool, seat, fromBlock } = options;
  const { clerk, poco } = deployment.contracts;
  const { clock = systemClock } = deps;
  const roster = createSeatRoster(chain, pool);
  let deals = new Map<Hex, WatchedDeal>();
  let blocks: BlockRef[] = [];
  let savedAt = -1n;
  /** Where the tasks of `deals` belong. */
  const places = new Map<Hex, { readonly dealId: Hex; readonly index: number }>();
  /** Contents of deals, read again after a restart. */
  const contents = new Map<Hex, Deal>();

  return {
    async follow(signal) {
      const saved = await store.load();
      if (saved !== undefined) {
        blocks = [...saved.blocks];
        for (const deal of saved.deals) change(deal, {});
      }
      while (!signal.aborted) {
        try {
          // Tasks are named by all of their deal, which a restart has to ask for.
          for (const { id } of deals.values()) place(await contentOf(id));
          await followOn(signal);
        } catch (err) {
          // What was begun of a block is done again: nothing of it counts before the cursor is behind it.
          if (!isRetryable(err)) throw err;
          logger.warn({ err }, "a block could not be dealt with, trying again");
          await clock.sleep(1_000, signal).catch(() => undefined);
        }
      }
    },

    async tasks() {
      const found: DrawnTask[] = [];
      for (const watched of deals.values()) {
        if (watched.endedAtBlock !== null) continue;
        const indices = new Set([...(watched.drawn ?? []), ...watched.opened.map(({ index }) => index)]);
        if (indices.size === 0) continue;
        const deal = await contentOf(watched.id);
        for (const index of indices) {
          found.push({ taskId: taskId(deal, index), dealId: watched.id, index, deal });
        }
      }
      metrics.watchedTasks.set(found.length);
      return found;
    },

    dealOf: (id) => places.get(id)?.dealId,
    followed: () => blocks.at(-1)?.number ?? fromBlock - 1n,
  };

  async function followOn(signal: AbortSignal): Promise<void> {
    const events = followChain(
      { chain: client, logger, clock },
      {
        addresses: [clerk, poco],
        cursor: blocks.at(-1),
        known: blocks.slice(0, -1),
        startBlock: fromBlock,
        pollMs: options.pollMs,
        signal,
      },
    );
    for await (const event of events) {
      if (event.type === "block") await apply(event.block, event.logs);
      else if (event.type === "reorg") await rewind(event.to);
    }
  }

  async function apply(block: ChainBlock, logs: readonly Log[]): Promise<void> {
    await deps.onBlock?.(block, logs);
    const before = deals;
    readClerk(logs, block.number);
    readPoco(logs, block.number);
    await drawNew(block.number);
    dropOld(block.number);
    blocks = [...blocks.slice(1 - REMEMBERED_BLOCKS), { number: block.number, hash: block.hash }];
    metrics.followedBlock.set(Number(block.number));
    if (deals !== before || block.number >= savedAt + SAVE_EVERY) await save();
  }

  async function rewind(to: BlockRef): Promise<void> {
    logger.warn({ to: to.number }, "the chain was reorganised");
    await deps.onReorg?.(to);
    roster.forget();
    contents.clear();
    blocks = blocks.filter(({ number }) => number <= to.number);
    for (const deal of [...deals.values()]) {
      if (deal.sealedAtBlock > to.number) change(deal, undefined);
      else {
        change(deal, {
          drawn: deal.sealedAtBlock + SEED_DELAY > to.number ? null : deal.drawn,
          opened: deal.opened.filter(({ atBlock }) => atBlock <= to.number),
          endedAtBlock:
            deal.endedAtBlock !== null && deal.endedAtBlock > to.number ? null : deal.endedAtBlock,
        });
      }
    }
    await save();
  }

  /** A new map each time: whether anything changed is told by its identity. */
  function change(deal: WatchedDeal, to: Partial<WatchedDeal> | undefined): void {
    deals = new Map(deals);
    if (to === undefined) {
      deals.delete(deal.id);
      contents.delete(deal.id);
      for (const [task, { dealId }] of places) if (dealId === deal.id) places.delete(task);
      return;
    }
    deals.set(deal.id, { ...deal, ...to });
  }

  function place(deal: Deal): void {
    const dealId = idOfDeal(deal);
    for (const index of taskIndices(deal)) places.set(taskId(deal, index), { dealId, index });
  }

  function readClerk(logs: readonly Log[], atBlock: bigint): void {
    const own = logs.filter(({ address }) => isSame(address, clerk));
    for (const event of decodeEvents({ abi: clerkAbi, logs: own })) {
      if (event.eventName === "DealSealed" && event.args.pool === assetIdToHex(pool)) {
        const { deal } = event.args;
        if (!isSame(deal.certifier, poco)) continue;
        const id = idOfDeal(deal);
        contents.set(id, deal);
        place(deal);
        const deadline = deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks;
        const isDrawnFor = deal.trust > 1 && seat !== undefined;
        const fresh = { opened: [], endedAtBlock: null, drawn: isDrawnFor ? null : [] };
        change({ id, deadline, ...pick(deal), ...fresh }, {});
      } else if (event.eventName === "UnitSettled" && event.args.openUnits === 0) {
        const deal = deals.get(event.args.id);
        if (deal !== undefined) change(deal, { endedAtBlock: atBlock });
      }
    }
  }

  function readPoco(logs: readonly Log[], atBlock: bigint): void {
    const own = logs.filter(({ address }) => isSame(address, poco));
    for (const { eventName, args } of decodeEvents({ abi: pocoAbi, logs: own })) {
      if (eventName === "RoundOpened") {
        const { dealId = "0x", index = 0 } = places.get(args.taskId) ?? {};
        const deal = deals.get(dealId);
        if (deal === undefined) continue;
        const others = deal.opened.filter((each) => each.index !== index);
        change(deal, { opened: [...others, { index, atBlock }] });
      } else if (eventName === "SeatTaken" || eventName === "SeatLeft" || eventName === "SeatReleased") {
        if (args.pool === pool) roster.forget(args.seat);
      }
    }
  }

  /** Draws for the deals whose seed has come to be known. */
  async function drawNew(head: bigint): Promise<void> {
    for (const watched of [...deals.values()]) {
      const seedBlock = watched.sealedAtBlock + SEED_DELAY;
      if (watched.drawn !== null || head < seedBlock) continue;
      const seed = await chain.seedOf(seedBlock);
      if (seed === undefined) {
        // Nobody recorded it in time: no answer can be committed any more.
        if ((await chain.head()) > seedBlock + SEED_KNOWN_BLOCKS) change(watched, { drawn: [] });
        continue;
      }
      const deal = await contentOf(watched.id);
      const lottery = {
        trust: deal.trust,
        seats: frozenTerms(deal).seats,
        wasSeated: (number: number) => roster.wasSeated(number, deal.sealedAtBlock),
      };
      const drawn: number[] = [];
      for (const index of taskIndices(deal)) {
        const places = await drawPlaces({ taskId: taskId(deal, index), ...lottery }, [seed]);
        if (seat !== undefined && places.includes(seat)) drawn.push(index);
      }
      if (drawn.length > 0)
        logger.info({ deal: watched.id, seat, tasks: drawn.length }, "the seat was drawn");
      change(watched, { drawn });
    }
  }

  function dropOld(head: bigint): void {
    for (const deal of [...deals.values()]) {
      const concerned = deal.drawn?.length !== 0 || deal.opened.length > 0;
      // Somebody claims what did not end; who might have to do it itself waits for longer.
      const over = deal.endedAtBlock ?? deal.deadline + (concerned ? UNCLAIMED_BLOCKS : 0n);
      if (head > over + BigInt(REMEMBERED_BLOCKS)) change(deal, undefined);
    }
  }

  async function contentOf(id: Hex): Promise<Deal> {
    const known = contents.get(id);
    if (known !== undefined) return known;
    const { deal } = await market.deal(id);
    contents.set(id, deal);
    return deal;
  }

  async function save(): Promise<void> {
    await store.save({ blocks, deals: [...deals.values()] });
    savedAt = blocks.at(-1)?.number ?? savedAt;
  }
}

function pick({ sealedAtBlock, firstTask, volume }: Deal) {
  return { sealedAtBlock, firstTask, volume };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
