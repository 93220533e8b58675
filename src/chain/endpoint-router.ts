import { HttpRequestError } from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import type { Endpoint, RpcCall } from "./endpoint.ts";
import { failureOf } from "./endpoint-failure.ts";

export interface EndpointRouterDeps {
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
  /** Judges the endpoints anew where that is due. @throws when no majority agrees: then nobody is believed */
  readonly judge: () => Promise<void>;
}

/** How often everybody is asked again before a failure is the caller's. */
const ROUNDS = 3;
const FIRST_PAUSE_MS = 150;
/** How long an endpoint that limits us is waited for when there is no other. */
const PATIENCE_MS = 10_000;

/** Asks whoever leads, and the next one when that fails. A refusal of the node is everybody's, and final. */
export function createEndpointRouter(deps: EndpointRouterDeps): (call: RpcCall) => Promise<unknown> {
  const { endpoints, clock, judge } = deps;

  return async (call) => {
    if (endpoints.length > 1) await judge();
    let failure: unknown;
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await clock.sleep(FIRST_PAUSE_MS * 2 ** (round - 1));
      await outwaitLimits(failure);
      for (const endpoint of candidates()) {
        if (endpoint.limitedUntil > 0) continue;
        try {
          return await endpoint.request(call);
        } catch (error) {
          if (failureOf(error, call.method).type === "refused") throw error;
          failure = error;
        }
      }
    }
    throw failure ?? nobodyLeads();
  };

  /** Those that lead, and among them first those that answered last time. */
  function candidates(): Endpoint[] {
    return endpoints.filter(({ trusted }) => trusted).sort((a, b) => a.awayUntil - b.awayUntil);
  }

  async function outwaitLimits(failure: unknown): Promise<void> {
    const waits = candidates().map(({ limitedUntil }) => Math.max(0, limitedUntil - clock.now()));
    const shortest = Math.min(...waits);
    if (waits.length === 0 || shortest === 0) return;
    if (shortest > PATIENCE_MS) throw failure ?? leftAlone(shortest);
    await clock.sleep(shortest);
  }
}

function leftAlone(ms: number): HttpRequestError {
  const details = `every endpoint limits us, for ${Math.ceil(ms / 1_000)} s at least`;
  return new HttpRequestError({ url: "any endpoint", status: 429, details });
}

function nobodyLeads(): HttpRequestError {
  return new HttpRequestError({ url: "any endpoint", details: "no endpoint leads" });
}
