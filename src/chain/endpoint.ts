import { createPublicClient, createTransport, type EIP1193Provider, http, type PublicClient } from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import type { ChainMetrics } from "./chain-metrics.ts";
import { failureOf, retryAfterMs, withoutAddress } from "./endpoint-failure.ts";
import type { EndpointState, EndpointStatus } from "./endpoint-state.ts";

/** Where a chain is asked: an http address, or anything that answers as EIP-1193 has it. */
export type EndpointSource =
  | string
  | Pick<EIP1193Provider, "request">
  | { request(args: RpcCall): Promise<unknown> };

export interface RpcCall {
  readonly method: string;
  readonly params?: unknown;
}

/** One RPC address, and what is thought of it. */
export interface Endpoint extends EndpointStatus {
  /** Asks this endpoint alone, once. @throws viem's errors, without the address */
  request(call: RpcCall): Promise<unknown>;
  /** viem over this endpoint alone. */
  readonly viem: PublicClient;
  /** Whether it leads, or did before it was away: others are not asked for what nobody compares. */
  readonly trusted: boolean;
  /** Whether it asked to be left alone, until when (clock milliseconds); 0 otherwise. */
  readonly limitedUntil: number;
  /** Until when others are asked first, since it failed; 0 otherwise. */
  readonly awayUntil: number;
  /** The newest block it told. */
  height: bigint;
  judge(verdict: Exclude<EndpointState, "away">): void;
}

const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** Whoever lied is not asked for so long, whatever it tells meanwhile. */
const PENANCE_MS = 60_000;

export function createEndpoint(
  deps: { readonly clock: Clock; readonly metrics: ChainMetrics },
  source: EndpointSource,
  place: number,
): Endpoint {
  const { clock, metrics } = deps;
  const label = labelOf(source, place);
  const series = { endpoint: label };
  let failures = 0;
  let awayUntil = 0;
  let limitedUntil = 0;
  let lyingUntil = 0;
  let verdict: Exclude<EndpointState, "away"> = "leading";
  const ask = typeof source === "string" ? askOverHttp(source, leaveAlone) : askProvider(source);

  const endpoint: Endpoint = {
    label,
    height: 0n,
    async request(call) {
      metrics.requests.inc(series);
      try {
        const answer = await ask(call);
        failures = 0;
        awayUntil = 0;
        return answer;
      } catch (error) {
        note(error, call.method);
        throw withoutAddress(error, label, call.method);
      }
    },
    viem: createPublicClient({
      transport: () =>
        createTransport({
          ...{ key: "endpoint", name: label, type: "endpoint", retryCount: 0 },
          request: (call: RpcCall) => endpoint.request(call) as Promise<never>,
        }),
      cacheTime: 0,
    }),
    get state() {
      const now = clock.now();
      if (now < lyingUntil) return "lying";
      return failures > 0 || now < limitedUntil ? "away" : verdict;
    },
    get trusted() {
      return verdict === "leading" && clock.now() >= lyingUntil;
    },
    get limitedUntil() {
      return limitedUntil > clock.now() ? limitedUntil : 0;
    },
    get awayUntil() {
      return awayUntil > clock.now() ? awayUntil : 0;
    },
    judge(next) {
      if (next === "lying") lyingUntil = clock.now() + PENANCE_MS;
      verdict = next;
    },
  };
  return endpoint;

  function note(error: unknown, method: string): void {
    const failure = failureOf(error, method);
    if (failure.type === "refused" || failure.type === "unable") return;
    metrics.failures.inc({ ...series, reason: failure.type });
    const now = clock.now();
    // Requests under way together fail together: the pause grows once.
    if (now >= Math.max(awayUntil, limitedUntil)) failures++;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    if (failure.type === "limited") limitedUntil = Math.max(limitedUntil, now + (failure.forMs ?? pause));
    else awayUntil = now + pause;
  }

  /** A limit told by the HTTP status holds, whatever the body says. */
  function leaveAlone(forMs: number): void {
    limitedUntil = Math.max(limitedUntil, clock.now() + forMs);
  }
}

/** Calls made in one turn of the event loop travel in one request. */
function askOverHttp(url: string, leaveAlone: (forMs: number) => void): (call: RpcCall) => Promise<unknown> {
  const transport = http(url, {
    batch: true,
    onFetchResponse({ status, headers }) {
      const forMs = retryAfterMs(headers.get("retry-after"));
      if ((status === 429 || status === 503) && forMs !== undefined) leaveAlone(forMs);
    },
  })({ timeout: TIMEOUT_MS });
  // Not the wrapped one: what it throws would hide type and code of the failure.
  return (call) => transport.config.request(call as never);
}

function askProvider(source: Exclude<EndpointSource, string>): (call: RpcCall) => Promise<unknown> {
  return (call) => source.request({ method: call.method, params: call.params ?? [] } as never);
}

function labelOf(source: EndpointSource, place: number): string {
  return typeof source === "string" ? `#${place} ${new URL(source).host}` : `#${place}`;
}
