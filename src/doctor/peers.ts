import { createBrokerClient } from "#src/client/broker-client.ts";
import { createPoolClient } from "#src/client/pool-client.ts";
import type { ExaminedChain } from "./chain.ts";
import { type Finding, findingOf, ok, skipped, warning, wrong } from "./finding.ts";

export interface PeerToExamine {
  readonly name: "broker" | "pool" | "content";
  readonly url: string;
  /** Whether somebody named it; else the default's absence is no fault. */
  readonly named: boolean;
}

/** Seconds between our clock and another's; one of them is in the answer's own precision. */
const SKEW = 30;

/** Whether a service is ready, is of the same chain, and has about the same time. */
export async function examinePeer(
  { name, url, named }: PeerToExamine,
  { chain, deployment }: Pick<ExaminedChain, "chain" | "deployment">,
): Promise<readonly Finding[]> {
  const ready = await fetch(`${url}/readyz`, { redirect: "error", signal: AbortSignal.timeout(5_000) }).catch(
    () => undefined,
  );
  if (ready === undefined) {
    return [
      named
        ? wrong(
            name,
            `the ${name} at ${url} does not answer`,
            "Start it, or correct its address; mind firewalls and proxies.",
          )
        : skipped(name, `no ${name} at ${url}`, "`./hanse up` starts one; name another by its flag."),
    ];
  }
  const body = (await ready.json().catch(() => ({}))) as { failing?: readonly string[] };
  const clock = examineClock(name, ready.headers.get("date"));
  if (!ready.ok) {
    const failing = body.failing?.join(", ") ?? `status ${ready.status}`;
    return [
      wrong(
        name,
        `the ${name} at ${url} is not ready: ${failing}`,
        "Its log says why; what it needs may be away.",
      ),
      ...clock,
    ];
  }
  const sameChain = await examineIdentity();
  return [sameChain ?? ok(name, `the ${name} at ${url} is ready`), ...clock];

  async function examineIdentity(): Promise<Finding | undefined> {
    if (chain === undefined || name === "content") return undefined;
    try {
      const told =
        name === "broker"
          ? await createBrokerClient({ baseUrl: url }).info()
          : await createPoolClient({}, { baseUrl: url }).pool();
      const contract = "clerk" in told ? told.clerk : told.poco;
      const ours = "clerk" in told ? deployment?.contracts.clerk : deployment?.contracts.poco;
      const same = ours === undefined || contract.toLowerCase() === ours.toLowerCase();
      if (told.chainId === chain.chainId && same) return undefined;
      return wrong(
        name,
        `the ${name} at ${url} trades on another market: chain ${told.chainId}, contract ${contract}`,
        "Name one of the same chain and deployment.",
      );
    } catch (error) {
      return findingOf(name, error);
    }
  }
}

function examineClock(name: string, date: string | null): readonly Finding[] {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return [];
  const skew = Math.round((theirs - Date.now()) / 1000);
  if (Math.abs(skew) <= SKEW) return [];
  return [
    warning(
      `clock-${name}`,
      `the clock of the ${name} and this machine's are ${Math.abs(skew)} s apart`,
      "Run NTP on both: orders and signatures expire by the clock.",
    ),
  ];
}
