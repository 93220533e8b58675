import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";
import { deployToken } from "../support/deploy-token.ts";
import { type FaultyRpc, startFaultyRpc } from "./support/faulty-rpc.ts";

// A process that is killed with a transaction on its hands, and the one that comes after it.

const payee = accountOfKey(developmentKey(1), DEVELOPMENT_CHAIN_ID).address;
let test: TestChain;
let token: Hex;
let proxy: FaultyRpc;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let directory: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  test = await startTestChain();
  token = await deployToken(test.rpcUrl);
  proxy = await startFaultyRpc(test.rpcUrl);
  postgres = await startTestPostgres();
  directory = await mkdtemp(join(tmpdir(), "hanse-sender-"));
});
afterEach(() => {
  // One left behind would send with the key of the next.
  for (const child of running) child.kill("SIGKILL");
});
afterAll(async () => {
  await proxy?.stop();
  await test?.stop();
  await postgres?.stop();
  await rm(directory, { recursive: true, force: true });
});

function start(store: string, amount: bigint | "") {
  const script = join(import.meta.dirname, "support/sender-process.ts");
  const args = [script, proxy.url, store, token, payee, String(amount)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const told = new Promise<string>((resolve) =>
    child.stdout.once("data", (line) => resolve(String(line).trim())),
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
  };
  return { told, kill };
}

async function payments(amount: bigint): Promise<Hex[]> {
  const query = { address: token, abi: tokenAbi, eventName: "Transfer", fromBlock: 0n } as const;
  const events = await test.chain.viem.getContractEvents(query);
  return events.flatMap((event) => (event.args.value === amount ? [event.transactionHash] : []));
}

/** Until blocks have come in which whatever is under way would have been mined. */
async function settle(): Promise<void> {
  const from = await test.chain.viem.getBlockNumber();
  while ((await test.chain.viem.getBlockNumber()) < from + 5n) await new Promise((go) => setTimeout(go, 50));
}

const stores = [
  ["a file", async () => await mkdtemp(join(directory, "journal-")), [201n, 202n]],
  ["PostgreSQL", () => postgres.fresh(), [203n, 204n]],
] as const;

// Each starts up to three processes, one after the other.
describe.each(stores)("with the journal in %s", { timeout: 180_000 }, (_name, create, amounts) => {
  it("what was journaled and not broadcast is broadcast by the next process, though nobody asks", async () => {
    const store = await create();
    const caught = Promise.withResolvers<void>();
    proxy.fault = (call, forward) => {
      if (call.method !== "eth_sendRawTransaction") return forward();
      caught.resolve();
      return "hang";
    };
    const first = start(store, amounts[0]);
    await caught.promise;
    await first.kill();
    proxy.fault = undefined;
    await settle();
    expect(await payments(amounts[0])).toEqual([]);

    const second = start(store, "");
    while ((await payments(amounts[0])).length === 0) await new Promise((go) => setTimeout(go, 50));
    await second.kill();
    // Whoever means the same later is told of it, and pays nothing.
    const third = start(store, amounts[0]);
    const hash = await third.told;
    await settle();
    await third.kill();
    expect(await payments(amounts[0])).toEqual([hash]);
  });

  it("what was broadcast and not seen mined is not paid twice", async () => {
    const store = await create();
    const caught = Promise.withResolvers<string>();
    proxy.fault = async (call, forward) => {
      if (call.method === "eth_getTransactionReceipt") return "hang";
      const answer = await forward();
      if (call.method === "eth_sendRawTransaction") caught.resolve(String(answer.result));
      return answer;
    };
    const first = start(store, amounts[1]);
    const hash = await caught.promise;
    await first.kill();
    proxy.fault = undefined;

    const second = start(store, amounts[1]);
    expect(await second.told).toBe(hash);
    await settle();
    await second.kill();
    expect(await payments(amounts[1])).toEqual([hash]);
  });
});
