import type { Registry } from "prom-client";
import { createPublicClient, createTransport, type Hex, type PublicClient } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AgreedReads, createAgreement } from "./agreement.ts";
import { asChainError } from "./chain-error.ts";
import { type ChainMetrics, createChainMetrics } from "./chain-metrics.ts";
import { createEndpoint, type Endpoint, type EndpointSource, type RpcCall } from "./endpoint.ts";
import { failureOf } from "./endpoint-failure.ts";
import { createEndpointRouter } from "./endpoint-router.ts";
import type { EndpointStatus } from "./endpoint-state.ts";

export interface ChainClient {
  readonly chainId: number;
  /** Asks the endpoints that lead, one after the other until one answers. */
  readonly viem: PublicClient;
  /** What a majority of the endpoints tells. */
  readonly agreed: AgreedReads;
  readonly metrics: ChainMetrics;
  /** Tells a chain from another of the same id, such as a development chain that was started anew. Asked once. */
  genesisHash(): Promise<Hex>;
  /** What is thought of each endpoint now, in the order of the configuration. */
  endpoints(): readonly EndpointStatus[];
  /**
   * Hands a signed transaction to every endpoint that can be asked. Resolves when one took it.
   * @throws the refusal when all that answered refused, and otherwise what made the last one fail: it may be on its way
   */
  broadcast(signed: Hex): Promise<void>;
}

export interface ChainClientOptions {
  /** Time between two looks at the chain, in milliseconds; 250 unless told. */
  readonly pollMs?: number;
  readonly clock?: Clock;
  /** Where endpoints, requests and heads are counted. */
  readonly metrics?: Registry;
}

/** Endpoints are judged at least so often while they are asked. */
const JUDGE_EVERY_MS = 1_000;

/**
 * Connects to a chain through one endpoint or several: URLs, or EIP-1193 providers.
 * @throws HANSE_RPC_UNAVAILABLE when nobody answers, or no majority agrees; HANSE_CHAIN_MISMATCH when endpoints are of
 * different chains
 */
export async function connectChain(
  sources: EndpointSource | readonly EndpointSource[],
  options: ChainClientOptions = {},
): Promise<ChainClient> {
  const { pollMs = 250, clock = systemClock } = options;
  const metrics = createChainMetrics(options.metrics);
  const list: readonly EndpointSource[] = Array.isArray(sources) ? sources : [sources as EndpointSource];
  const endpoints = list.map((source, index) => createEndpoint({ clock, metrics }, source, index + 1));
  metrics.watch(endpoints);
  const judge = createJudge(() => agreed.head(), clock);
  const route = createEndpointRouter({ endpoints, clock, judge });
  const viem = createPublicClient({
    transport: () =>
      createTransport({
        ...{ key: "hanse", name: "Hanse", type: "hanse", retryCount: 0 },
        request: (call: RpcCall) => route(call) as Promise<never>,
      }),
    pollingInterval: pollMs,
    // Services read state that a block may have changed a moment ago.
    cacheTime: 0,
  });
  const agreed = createAgreement({ endpoints, viem, clock, metrics });
  try {
    const chainId = await viem.getChainId();
    if (endpoints.length > 1) await assertSameChain(endpoints, chainId);
    let genesis: Promise<Hex> | undefined;
    return {
      ...{ chainId, viem, agreed, metrics },
      genesisHash() {
        genesis ??= viem
          .getBlock({ blockNumber: 0n })
          .then(({ hash }) => hash)
          .catch((error: unknown) => {
            genesis = undefined;
            throw asChainError(error, "reading the genesis block");
          });
        return genesis;
      },
      endpoints: () => endpoints.map(({ label, state }) => ({ label, state })),
      broadcast: (signed) => broadcast(endpoints, signed),
    };
  } catch (error) {
    throw asChainError(error, `connecting to the chain`);
  }
}

/** Has the endpoints judged when that was long ago, waiting for it only where nobody may be believed yet. */
function createJudge(look: () => Promise<unknown>, clock: Clock): () => Promise<void> {
  let judgedAt: number | undefined;
  let judging: Promise<void> | undefined;
  return async () => {
    if (judgedAt !== undefined && clock.now() - judgedAt < JUDGE_EVERY_MS) return;
    judging ??= look()
      .then(
        () => {
          judgedAt = clock.now();
        },
        (error: unknown) => {
          judgedAt = undefined;
          throw error;
        },
      )
      .finally(() => {
        judging = undefined;
      });
    if (judgedAt === undefined) await judging;
    else judging.catch(() => undefined);
  };
}

async function assertSameChain(endpoints: readonly Endpoint[], chainId: number): Promise<void> {
  await Promise.all(
    endpoints.map(async ({ viem, label }) => {
      // One that is away is judged by its blocks when it comes back.
      const found = await viem.getChainId().catch(() => chainId);
      if (found === chainId) return;
      throw new HanseError("HANSE_CHAIN_MISMATCH", `the endpoint ${label} is of another chain`, {
        details: { endpoint: label, expected: chainId, found },
      });
    }),
  );
}

/** To each once: asked again after an answer that was lost, a node refuses what it has taken. */
async function broadcast(endpoints: readonly Endpoint[], signed: Hex): Promise<void> {
  const serializedTransaction = signed;
  const asked = endpoints.filter(({ limitedUntil }) => limitedUntil === 0);
  const ends = await Promise.allSettled(
    asked.map((each) => each.viem.sendRawTransaction({ serializedTransaction })),
  );
  if (ends.some(({ status }) => status === "fulfilled")) return;
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  const open = failures.find((error) => failureOf(error, "eth_sendRawTransaction").type !== "refused");
  throw open ?? failures[0] ?? new HanseError("HANSE_RPC_UNAVAILABLE", "every endpoint limits us");
}
