import { keccak256 } from "viem";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { type Deployment, readDeployment } from "#src/chain/deployment.ts";
import { redactText } from "#src/kernel/redaction.ts";
import { examined, type Finding, findingOf, ok, skipped, warning, wrong } from "./finding.ts";

/** Seconds: blocks of a chain that stands still, or of a clock that goes wrong. */
const OLD_BLOCK = 600n;
const AHEAD = 30n;

export interface ChainToExamine {
  readonly rpcUrls: readonly string[];
  readonly manifest: string;
  /** Whether somebody named an endpoint; else the default's absence is no fault. */
  readonly rpcNamed: boolean;
  readonly manifestNamed: boolean;
}

export interface ExaminedChain {
  readonly findings: readonly Finding[];
  /** The first endpoint that answered. */
  readonly chain: ChainClient | undefined;
  /** Where it is this chain's. */
  readonly deployment: Deployment | undefined;
}

/** Every endpoint, the manifest, whether they belong together, and the clock. */
export async function examineChain(asked: ChainToExamine): Promise<ExaminedChain> {
  const findings: Finding[] = [];
  const chains: ChainClient[] = [];
  for (const [index, url] of asked.rpcUrls.entries()) {
    const check = asked.rpcUrls.length === 1 ? "rpc" : `rpc-${index + 1}`;
    try {
      const chain = await connectChain(url);
      const head = await chain.viem.getBlockNumber();
      findings.push(ok(check, `${placeOf(url)} is chain ${chain.chainId}, block ${head}`));
      chains.push(chain);
    } catch (error) {
      findings.push(
        asked.rpcNamed
          ? { ...findingOf(check, error), says: `${placeOf(url)}: ${findingOf(check, error).says}` }
          : skipped(
              check,
              `no chain at ${placeOf(url)}`,
              "`./hanse up` starts one; for another name it: HANSE_RPC_URL.",
            ),
      );
    }
  }
  const [chain] = chains;
  const others = chains.filter((each) => each.chainId !== chain?.chainId);
  if (others.length > 0) {
    findings.push(
      wrong(
        "rpc-agreement",
        `the endpoints are of different chains: ${chains.map(({ chainId }) => chainId).join(", ")}`,
        "Name endpoints of one chain.",
      ),
    );
  }
  const manifest = await readManifest(asked);
  if ("check" in manifest) return { findings: [...findings, manifest], chain, deployment: undefined };
  if (chain === undefined) return { findings, chain, deployment: undefined };
  const matching = await examined("deployment", () => examineDeployment(chain, manifest));
  const clock = await examined("clock-chain", () => examineChainClock(chain));
  const belongs = matching.every(({ status }) => status === "ok");
  return {
    findings: [...findings, ...matching, ...clock],
    chain,
    deployment: belongs ? manifest : undefined,
  };
}

async function readManifest({ manifest, manifestNamed }: ChainToExamine): Promise<Deployment | Finding> {
  try {
    return await readDeployment(manifest);
  } catch (error) {
    const found = findingOf("deployment", error);
    if (manifestNamed || !found.says.includes("not there")) return found;
    return skipped(
      "deployment",
      `there is no manifest ${manifest}`,
      "`./hanse up` makes one; for another name it: HANSE_DEPLOYMENT.",
    );
  }
}

async function examineDeployment(chain: ChainClient, deployment: Deployment): Promise<readonly Finding[]> {
  const todo =
    "Connect to the chain of the manifest, or name the manifest of this chain; a development chain may have been made anew.";
  if (chain.chainId !== deployment.chainId) {
    return [
      wrong(
        "deployment",
        `the manifest is of chain ${deployment.chainId}, and this is ${chain.chainId}`,
        todo,
      ),
    ];
  }
  const genesis = await chain.viem.getBlock({ blockNumber: 0n });
  if (genesis.hash !== deployment.genesisHash) {
    return [
      wrong("deployment", "the manifest is of another chain with the same id: the first block differs", todo),
    ];
  }
  const entries = Object.entries(deployment.contracts);
  const codes = await Promise.all(entries.map(([, address]) => chain.viem.getCode({ address })));
  const changed = entries.flatMap(([name, address], i) =>
    keccak256(codes[i] ?? "0x") === deployment.codeHashes[name] ? [] : [`${name} (${address})`],
  );
  if (changed.length > 0) {
    return [wrong("deployment", `the code is not what was deployed: ${changed.join(", ")}`, todo)];
  }
  return [
    ok(
      "deployment",
      `all ${entries.length} contracts of the manifest are there, with the code that was deployed`,
    ),
  ];
}

async function examineChainClock({ viem }: ChainClient): Promise<Finding> {
  const { number, timestamp } = await viem.getBlock();
  const age = BigInt(Math.floor(Date.now() / 1000)) - timestamp;
  if (age < -AHEAD) {
    return wrong(
      "clock-chain",
      `block ${number} is ${-age} s ahead of this machine's clock`,
      "Set the clock: run NTP.",
    );
  }
  if (age > OLD_BLOCK) {
    return warning(
      "clock-chain",
      `the newest block, ${number}, is ${age} s old`,
      "The chain stands still, the node lags behind, or the clock is wrong.",
    );
  }
  return ok("clock-chain", `the newest block is ${age < 0n ? 0n : age} s old`);
}

/** Addresses of nodes may carry credentials. */
function placeOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return redactText(url);
  }
}
