import {
  type Address,
  type Block,
  BlockNotFoundError,
  type Hex,
  HttpRequestError,
  type Log,
  type PublicClient,
} from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import type { ChainBlock } from "./block.ts";
import type { ChainMetrics } from "./chain-metrics.ts";
import type { Endpoint } from "./endpoint.ts";
import { failureOf } from "./endpoint-failure.ts";

export type LogQuery = { readonly address: readonly Address[] } & (
  | { readonly blockHash: Hex }
  | { readonly fromBlock: bigint; readonly toBlock: bigint }
);

/**
 * What a majority of the configured endpoints tells. With one endpoint that is what it tells, asked once.
 * Everything here throws viem's errors; an HttpRequestError where no majority agrees.
 */
export interface AgreedReads {
  /** The newest block that a majority tells. Every endpoint is judged by it. */
  head(): Promise<ChainBlock>;
  /** The block at a height; undefined where there is none. */
  blockAt(number: bigint): Promise<ChainBlock | undefined>;
  /** Logs of a block, or of a range that ends at or below an agreed head. */
  logs(query: LogQuery): Promise<Log[]>;
  /** The newest block that is final for a majority; undefined where nodes do not tell. */
  finalized(): Promise<bigint | undefined>;
  /** Anything else: `key` makes two answers comparable. */
  read<T>(what: string, read: (viem: PublicClient) => Promise<T>, key: (answer: T) => string): Promise<T>;
}

export interface AgreementDeps {
  readonly endpoints: readonly Endpoint[];
  /** Asks whoever leads, with patience; used where there is one endpoint only. */
  readonly viem: PublicClient;
  readonly clock: Clock;
  readonly metrics: ChainMetrics;
}

/** How long the last endpoints are waited for when a majority has told its head. */
const GRACE_MS = 500;
/** How far below the heads a common block is looked for: deeper forks are no agreement. */
const DEPTHS = [0n, 1n, 2n, 4n, 8n, 16n, 32n, 64n];

export function createAgreement({ endpoints, viem, clock, metrics }: AgreementDeps): AgreedReads {
  const majority = Math.floor(endpoints.length / 2) + 1;
  const alone = endpoints.length === 1;

  /** Everybody's head, as far as it is told in time. */
  async function tellHeads(): Promise<Map<Endpoint, ChainBlock>> {
    const heads = new Map<Endpoint, ChainBlock>();
    const asked = endpoints.filter(({ limitedUntil }) => limitedUntil === 0);
    let enough: () => void = () => undefined;
    const majorityTold = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const answers = asked.map(async (endpoint) => {
      const head = await endpoint.viem.getBlock({ blockTag: "latest" }).catch(() => undefined);
      if (head === undefined) return;
      endpoint.height = head.number;
      heads.set(endpoint, blockOf(head));
      if (heads.size >= majority) enough();
    });
    const all = Promise.all(answers);
    await Promise.race([all, majorityTold]);
    const grace = new AbortController();
    await Promise.race([all, clock.sleep(GRACE_MS, grace.signal).catch(() => undefined)]);
    grace.abort();
    return new Map(heads);
  }

  /** What each tells at a height: those whose head is below it tell nothing. */
  async function tellAt(heads: ReadonlyMap<Endpoint, ChainBlock>, height: bigint) {
    const told = [...heads].filter(([, head]) => head.number >= height);
    return await Promise.all(
      told.map(async ([endpoint, head]) => {
        const block =
          head.number === height
            ? head
            : await endpoint.viem.getBlock({ blockNumber: height }).then(blockOf, () => undefined);
        return { endpoint, block };
      }),
    );
  }

  async function agreedHead(): Promise<ChainBlock> {
    const heads = await tellHeads();
    const heights = [...heads.values()].map(({ number }) => number).sort((a, b) => (a > b ? -1 : 1));
    const highest = heights[majority - 1];
    if (highest === undefined) throw noMajority("the newest block");
    const candidates = new Set([
      ...heights.filter((height) => height <= highest),
      ...DEPTHS.map((depth) => highest - depth).filter((height) => height >= 0n),
    ]);
    for (const height of [...candidates].sort((a, b) => (a > b ? -1 : 1))) {
      const told = await tellAt(heads, height);
      const agreed = told.find(
        ({ block }) =>
          block !== undefined && told.filter((other) => other.block?.hash === block.hash).length >= majority,
      )?.block;
      if (agreed === undefined) continue;
      for (const endpoint of heads.keys()) {
        const at = told.find((each) => each.endpoint === endpoint);
        if (at === undefined) endpoint.judge("lagging");
        else if (at.block !== undefined) endpoint.judge(at.block.hash === agreed.hash ? "leading" : "lying");
      }
      return agreed;
    }
    throw noMajority("the newest block");
  }

  /** Asks as many as are needed, those first that are thought best of. */
  async function read<T>(
    what: string,
    ask: (viem: PublicClient) => Promise<T>,
    key: (answer: T) => string,
    options: { readonly from?: bigint; readonly liars?: boolean } = {},
  ): Promise<T> {
    if (alone) return await ask(viem);
    const { from = 0n, liars = false } = options;
    const voters = endpoints
      .filter(({ limitedUntil, height }) => limitedUntil === 0 && height >= from)
      .sort((a, b) => rank(a) - rank(b));
    const votes: { readonly endpoint: Endpoint; readonly answer: T; readonly key: string }[] = [];
    let failure: unknown;
    const won = () =>
      votes.find((vote) => votes.filter((other) => other.key === vote.key).length >= majority);
    // A majority first; whoever is left only where they do not agree.
    for (let next = 0; won() === undefined && next < voters.length; ) {
      const some = voters.slice(next, next + Math.max(1, majority - votes.length));
      next += some.length;
      await Promise.all(
        some.map(async (endpoint) => {
          try {
            const answer = await ask(endpoint.viem);
            votes.push({ endpoint, answer, key: key(answer) });
          } catch (error) {
            failure = worse(failure, error);
          }
        }),
      );
    }
    const winner = won();
    if (winner === undefined) throw failure ?? noMajority(what);
    if (liars) for (const vote of votes) if (vote.key !== winner.key) vote.endpoint.judge("lying");
    return winner.answer;
  }

  return {
    async head() {
      const head = alone ? blockOf(await viem.getBlock({ blockTag: "latest" })) : await agreedHead();
      metrics.agreedHead.set(Number(head.number));
      return head;
    },
    blockAt: (number) =>
      read(
        `block ${number}`,
        (client) =>
          client.getBlock({ blockNumber: number }).then(blockOf, (error: unknown) => {
            if (error instanceof BlockNotFoundError) return undefined;
            throw error;
          }),
        (block) => block?.hash ?? "",
      ),
    logs: (query) =>
      read("logs", (client) => client.getLogs(query as never) as Promise<Log[]>, keyOfLogs, {
        ...("toBlock" in query ? { from: query.toBlock } : {}),
        liars: true,
      }),
    async finalized() {
      const clients = alone
        ? [viem]
        : endpoints.filter(({ limitedUntil }) => limitedUntil === 0).map((each) => each.viem);
      const told = await Promise.all(
        clients.map((client) =>
          client.getBlock({ blockTag: "finalized" }).then(
            ({ number }) => [number],
            () => [],
          ),
        ),
      );
      return told.flat().sort((a, b) => (a > b ? -1 : 1))[majority - 1];
    },
    read: (what, ask, key) => read(what, ask, key),
  };
}

function blockOf(block: Pick<Block<bigint, false, "latest">, keyof ChainBlock>): ChainBlock {
  const { number, hash, parentHash, timestamp } = block;
  return { number, hash, parentHash, timestamp };
}

const RANKS = { leading: 0, lagging: 1, away: 2, lying: 3 } as const;

function rank({ state }: Endpoint): number {
  return RANKS[state];
}

/** A refusal tells the caller more than a failure does. */
function worse(before: unknown, error: unknown): unknown {
  return before !== undefined && failureOf(before, "").type === "refused" ? before : error;
}

function keyOfLogs(logs: readonly Log[]): string {
  return JSON.stringify(
    logs.map(({ address, topics, data, blockHash, transactionHash, logIndex }) => [
      ...[address, topics, data, blockHash, transactionHash, logIndex],
    ]),
  );
}

export function noMajority(what: string): HttpRequestError {
  return new HttpRequestError({
    url: "any endpoint",
    details: `no majority of the endpoints agrees on ${what}`,
  });
}
