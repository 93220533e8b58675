import type { LocalAccount } from "viem";
import type { PoolClient } from "#src/client/pool-client.ts";
import type { PoolInfo } from "#src/client/pool-schema.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { signHello } from "./hello.ts";
import type { TaskSource } from "./task-poller.ts";
import type { AnswerDesk } from "./task-steps.ts";
import type { WorkerChain } from "./worker-chain.ts";

export interface SchedulerLinkDeps {
  readonly client: PoolClient;
  readonly chain: WorkerChain;
  readonly account: LocalAccount;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SchedulerLinkOptions {
  readonly pool: AssetId;
  readonly slots: number;
}

/** A worker's connection to its pool's scheduler, which may be away for as long as it likes. */
export interface SchedulerLink extends TaskSource {
  readonly desk: AnswerDesk;
  /**
   * Makes sure that it is the right scheduler and says hello, and goes on trying where that takes long.
   * @throws HANSE_CHAIN_MISMATCH when it serves another pool or chain
   */
  connect(signal: AbortSignal): Promise<void>;
  /** Says hello from time to time until the signal aborts. */
  keep(signal: AbortSignal): Promise<void>;
  /** Where the scheduler says that outputs belong; undefined while nobody has said it. */
  contentUrl(): string | undefined;
}

/** How often the scheduler hears that the worker is there. */
const HELLO_MS = 10_000;
/** How long a start waits for a scheduler that does not answer. */
const CONNECT_MS = 5_000;

export function createSchedulerLink(
  deps: SchedulerLinkDeps,
  { pool, slots }: SchedulerLinkOptions,
): SchedulerLink {
  const { client, chain, account, clock, logger } = deps;
  /** Of the right one. */
  let info: PoolInfo | undefined;
  let silent = false;

  async function greet(): Promise<void> {
    if (info === undefined) {
      const found = await client.pool();
      assertSamePool(found, pool, chain);
      info = found;
    }
    await client.hello(await signHello({ account, chain, clock }, { pool, slots }));
    if (silent) logger.info("the scheduler is there");
    silent = false;
  }

  function missing(err: unknown): void {
    if (!silent) logger.warn({ err }, "the scheduler does not answer: working without it until it does");
    silent = true;
  }

  return {
    name: "scheduler",
    contentUrl: () => info?.contentUrl,
    // Of a wrong one, or of one not yet known, nothing is asked and nothing is told to it.
    tasks: async () => (info === undefined ? [] : client.tasksOf(account.address)),
    desk: {
      contribute: (...args) => known(() => client.contribute(...args)),
      disclose: (...args) => known(() => client.disclose(...args)),
      reveal: (...args) => known(() => client.reveal(...args)),
    },

    async connect(signal) {
      const greeting = greet().catch((err: unknown) => {
        if (isHanseError(err, "HANSE_CHAIN_MISMATCH")) throw err;
        missing(err);
      });
      const limit = clock.sleep(CONNECT_MS, signal).then(() => "late" as const);
      limit.catch(() => undefined);
      if ((await Promise.race([greeting, limit])) === "late") greeting.catch(missing);
    },

    async keep(signal) {
      while (!signal.aborted) {
        await clock.sleep(HELLO_MS, signal).catch(() => undefined);
        if (!signal.aborted) await greet().catch(missing);
      }
    },
  };

  async function known<T>(call: () => Promise<T>): Promise<T> {
    if (info !== undefined) return call();
    throw new HanseError("HANSE_PEER_UNREACHABLE", "the scheduler has not answered yet");
  }
}

function assertSamePool(info: PoolInfo, pool: AssetId, { chainId, poco }: WorkerChain): void {
  const expected = { pool: assetIdToHex(pool), chainId, poco: poco.toLowerCase() };
  const found = { pool: info.pool.toLowerCase(), chainId: info.chainId, poco: info.poco.toLowerCase() };
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new HanseError("HANSE_CHAIN_MISMATCH", "the scheduler serves another pool or chain", {
    details: { expected, found },
  });
}
