import { Registry } from "prom-client";
import { type Hex, numberToHex } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";
import { deployToken } from "../support/deploy-token.ts";
import { type Answer, type Call, type FaultyRpc, startFaultyRpc } from "./support/faulty-rpc.ts";

const owner = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID);
const payee = accountOfKey(developmentKey(1), DEVELOPMENT_CHAIN_ID).address;
const FAKE = numberToHex(0xbad, { size: 32 });

let test: TestChain;
let token: Hex;
let rpcs: FaultyRpc[];
beforeAll(async () => {
  test = await startTestChain();
  token = await deployToken(test.rpcUrl);
});
afterAll(() => test?.stop());
beforeEach(async () => {
  rpcs = await Promise.all([1, 2, 3].map(() => startFaultyRpc(test.rpcUrl)));
});
afterEach(() => Promise.all(rpcs.map((rpc) => rpc.stop())));

type Forward = () => Promise<Answer>;
const rpc = (index: number) => rpcs[index] as FaultyRpc;
const connect = (count = 3, metrics = new Registry()) =>
  connectChain(
    rpcs.slice(0, count).map(({ url }) => url),
    { metrics },
  );
const pay = (amount: bigint) => ({
  address: token,
  abi: tokenAbi,
  functionName: "transfer",
  args: [payee, amount],
});

/** Tells another hash for every block it is asked for. */
const lie = async (call: Call, forward: Forward) => {
  const answer = await forward();
  const block = answer.result as { hash: Hex } | null;
  return call.method === "eth_getBlockByNumber" && block !== null
    ? { result: { ...block, hash: FAKE } }
    : answer;
};
/** Knows nothing of the last five blocks. */
const lag = async (call: Call, forward: Forward) => {
  const head = await test.chain.viem.getBlockNumber();
  const old = numberToHex(head > 5n ? head - 5n : 0n);
  if (call.method === "eth_blockNumber") return { result: old };
  const [first] = call.params;
  if (call.method !== "eth_getBlockByNumber" || first !== "latest") return await forward();
  return {
    result: await test.chain.viem.request({ method: "eth_getBlockByNumber", params: [old, false] } as never),
  };
};
const down = () => ({ status: 500 });

describe("one endpoint", () => {
  it("is asked once for what is asked in one turn, and for nothing else", async () => {
    const chain = await connect(1);
    const before = rpc(0).requests;
    await Promise.all(Array.from({ length: 10 }, () => chain.viem.getBalance({ address: payee })));
    await chain.agreed.head();
    expect(rpc(0).requests).toBe(before + 2);
    expect(rpc(0).calls.filter((method) => method !== "eth_getBalance")).toEqual([
      "eth_chainId",
      "eth_getBlockByNumber",
    ]);
  });

  it("that is away makes the call fail, retryable, and is asked again later", async () => {
    const chain = await connect(1);
    rpc(0).fault = down;
    const failed = chain.viem.getBlockNumber().catch((error: unknown) => asChainError(error, "reading"));
    expect(await failed).toMatchObject({ code: "HANSE_RPC_UNAVAILABLE", retryable: true });
    expect(chain.endpoints()).toMatchObject([{ state: "away" }]);
    rpc(0).fault = undefined;
    expect(await chain.viem.getBlockNumber()).toBeGreaterThan(0n);
    expect(chain.endpoints()).toMatchObject([{ state: "leading" }]);
  });

  it("is left alone for as long as it says", async () => {
    const chain = await connect(1);
    let limitedAt = 0;
    rpc(0).fault = (_call, forward) => {
      if (limitedAt > 0) return forward();
      limitedAt = performance.now();
      return { status: 429, headers: { "retry-after": "1" } };
    };
    const before = rpc(0).requests;
    await Promise.all([chain.viem.getBlockNumber(), chain.viem.getBlockNumber()]);
    expect(performance.now() - limitedAt).toBeGreaterThan(990);
    expect(rpc(0).requests - before).toBe(2);
    rpc(0).fault = () => ({ status: 429, headers: { "retry-after": "3600" } });
    await expect(chain.viem.getBlockNumber()).rejects.toThrow();
    const during = rpc(0).requests;
    await expect(chain.viem.getBlockNumber()).rejects.toThrow(/limits us/);
    expect(rpc(0).requests).toBe(during);
  });

  it("is waited for when it tells a limit as JSON-RPC does", async () => {
    const chain = await connect(1);
    let limited = 0;
    rpc(0).fault = (call, forward) =>
      call.method === "eth_blockNumber" && ++limited <= 1
        ? { error: { code: -32_005, message: "slow down", data: { rate: { backoff_seconds: 0.4 } } } }
        : forward();
    const start = performance.now();
    await chain.viem.getBlockNumber();
    expect(performance.now() - start).toBeGreaterThan(390);
  });

  it("does not show its credentials, whatever fails", async () => {
    const lines: string[] = [];
    const logger = createLogger({ service: "test", destination: { write: (line) => void lines.push(line) } });
    const metrics = new Registry();
    const { host } = new URL(rpc(0).url);
    const url = `http://user:hunter2@${host}/v3/5ecret-path?apikey=5ecret-query`;
    const chain = await connectChain(url, { metrics });
    const answers = [
      down,
      () => ({ status: 200, body: "nonsense" }),
      () => ({ error: { code: -32_602, message: "no" } }),
      () => ({ status: 429, headers: { "retry-after": "60" } }),
    ];
    for (const fault of answers) {
      rpc(0).fault = fault;
      const error = await chain.viem.getBlockNumber().catch((failure: unknown) => failure);
      logger.warn({ err: asChainError(error, "reading") }, "it failed");
      logger.warn({ err: error }, "it failed");
    }
    await rpc(0).stop();
    await connectChain(url).catch((err: unknown) => logger.warn({ err }, "it failed"));
    const all = lines.join("") + (await metrics.metrics());
    expect(lines).toHaveLength(9);
    expect(all).toContain(host);
    expect(all).not.toMatch(/hunter2|5ecret/);
  });
});

describe("of three endpoints", () => {
  it("one that tells other blocks is found lying, and not asked", async () => {
    for (const liar of [0, 1, 2]) {
      const chain = await connect();
      rpc(liar).fault = lie;
      const head = await chain.agreed.head();
      expect(head.hash).toBe((await test.chain.viem.getBlock({ blockNumber: head.number })).hash);
      expect(chain.endpoints().map(({ state }) => state)).toEqual(
        [0, 1, 2].map((index) => (index === liar ? "lying" : "leading")),
      );
      rpc(liar).calls.length = 0;
      await chain.viem.getBalance({ address: payee });
      expect(rpc(liar).calls).not.toContain("eth_getBalance");
      expect(await chain.agreed.blockAt(head.number)).toEqual(head);
      rpc(liar).fault = undefined;
    }
  });

  it("one that lags is not asked, and held back by nobody", async () => {
    const metrics = new Registry();
    const chain = await connect(3, metrics);
    rpc(0).fault = lag;
    await chain.agreed.head();
    expect(chain.endpoints().map(({ state }) => state)).toEqual(["lagging", "leading", "leading"]);
    const { number } = await chain.agreed.head();
    expect(await chain.viem.getBlockNumber()).toBeGreaterThanOrEqual(number);
    const text = await metrics.metrics();
    expect(text).toMatch(/chain_endpoint_state\{endpoint="#1 127.0.0.1:\d+",state="lagging"\} 1/);
    expect(text).toMatch(/chain_requests_total\{endpoint="#2 /);
  });

  it("one that fails is passed over, and comes back", async () => {
    const chain = await connect();
    rpc(0).fault = down;
    for (let time = 0; time < 3; time++) await chain.viem.getBalance({ address: payee });
    expect(chain.endpoints()[0]?.state).toBe("away");
    rpc(0).fault = undefined;
    while (chain.endpoints()[0]?.state !== "leading") await chain.agreed.head();
    rpc(1).fault = down;
    rpc(2).fault = down;
    // Two are missing: what the last one tells is a rumour.
    await expect(chain.agreed.head()).rejects.toThrow(/no majority/);
    rpc(2).fault = undefined;
    expect((await chain.agreed.head()).number).toBeGreaterThan(0n);
  });

  it("two that are gone leave nobody to believe", async () => {
    rpc(0).fault = down;
    rpc(1).fault = down;
    await expect(connect()).rejects.toMatchObject({ code: "HANSE_RPC_UNAVAILABLE" });
  });

  it("none of another chain is taken", async () => {
    rpc(2).fault = (call, forward) => (call.method === "eth_chainId" ? { result: "0x5" } : forward());
    await expect(connect()).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH", details: { found: 5 } });
  });

  it("the contract's refusal is asked of one only", async () => {
    const chain = await connect();
    await chain.agreed.head();
    const poor = accountOfKey(developmentKey(3), DEVELOPMENT_CHAIN_ID);
    const call = {
      address: token,
      abi: tokenAbi,
      functionName: "transfer",
      args: [payee, 1n],
      account: poor,
    } as const;
    await expect(chain.viem.simulateContract(call)).rejects.toThrow(/ERC20InsufficientBalance/);
    expect(rpcs.flatMap(({ calls }) => calls).filter((method) => method === "eth_call")).toHaveLength(1);
    expect(chain.endpoints().map(({ state }) => state)).toEqual(["leading", "leading", "leading"]);
  });

  it("one that hides logs, or makes them up, is outvoted and found lying", async () => {
    const { blockHash, blockNumber } = await createSender({ chain: test.chain, account: owner }).send(
      pay(7n),
    );
    const query = [
      { address: [token], blockHash },
      { address: [token], fromBlock: blockNumber, toBlock: blockNumber },
    ] as const;
    const hide = () => ({ result: [] });
    const invent = async (_call: Call, forward: Forward) => {
      const [log] = (await forward()).result as { data: Hex }[];
      return { result: [log, { ...log, logIndex: "0x7", data: numberToHex(10n ** 18n, { size: 32 }) }] };
    };
    for (const fault of [hide, invent]) {
      for (const each of query) {
        const chain = await connect();
        await chain.agreed.head();
        rpc(0).fault = (call, forward) => (call.method === "eth_getLogs" ? fault(call, forward) : forward());
        const logs = await chain.agreed.logs(each);
        expect(logs.map(({ data }) => data)).toEqual([numberToHex(7n, { size: 32 })]);
        expect(chain.endpoints().map(({ state }) => state)).toEqual(["lying", "leading", "leading"]);
        rpc(0).fault = undefined;
      }
    }
  });

  it("a transaction is handed to all: one that swallows it holds up nobody", async () => {
    const chain = await connect();
    rpc(0).fault = (call, forward) =>
      call.method === "eth_sendRawTransaction" ? { result: FAKE } : forward();
    const sender = createSender({ chain, account: owner }, { pollMs: 50, rebroadcastMs: 60_000 });
    expect(await sender.send(pay(8n))).toMatchObject({ status: "success" });
  });

  it("one that makes up receipts and nonces has nothing sent twice", async () => {
    const chain = await connect();
    const sender = createSender({ chain, account: owner }, { pollMs: 50, rebroadcastMs: 200 });
    rpc(0).fault = async (call, forward) => {
      if (call.method === "eth_getTransactionReceipt") return { result: null };
      return call.method === "eth_getTransactionCount" && call.params[1] !== "pending"
        ? { result: "0xffff" }
        : await forward();
    };
    const before = await test.chain.viem.getTransactionCount({ address: owner.address });
    expect(await sender.send(pay(9n), { id: "a" })).toMatchObject({ status: "success" });
    expect(await test.chain.viem.getTransactionCount({ address: owner.address })).toBe(before + 1);
  });
});
