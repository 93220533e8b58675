import { type Hex, numberToHex } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { type BlockRef, type ChainEvent, followChain } from "#src/chain/follower.ts";
import { createSender } from "#src/chain/sender.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";
import { deployToken } from "../support/deploy-token.ts";
import { type FaultyRpc, startFaultyRpc } from "./support/faulty-rpc.ts";

const logger = createLogger({ service: "test", level: "silent" });
const owner = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID);
const payee = accountOfKey(developmentKey(1), DEVELOPMENT_CHAIN_ID).address;

describe("followChain", () => {
  let test: TestChain;
  let token: `0x${string}`;
  beforeAll(async () => {
    test = await startTestChain();
    token = await deployToken(test.rpcUrl);
  });
  afterAll(() => test.stop());

  /** Follows until `enough`, and returns all that came. */
  async function follow(enough: (events: ChainEvent[]) => boolean, cursor?: BlockRef): Promise<ChainEvent[]> {
    const controller = new AbortController();
    const events: ChainEvent[] = [];
    const options = { addresses: [token], startBlock: 1n, cursor, pollMs: 50, signal: controller.signal };
    for await (const event of followChain({ chain: test.chain, logger }, options)) {
      events.push(event);
      if (enough(events)) controller.abort();
    }
    return events;
  }

  const blocks = (events: ChainEvent[]) => events.flatMap((event) => (event.type === "block" ? [event] : []));

  it("tells every block once, in order, each with its own logs", async () => {
    const sender = createSender({ chain: test.chain, account: owner }, { pollMs: 50 });
    const receipt = await sender.send({
      address: token,
      abi: tokenAbi,
      functionName: "transfer",
      args: [payee, 5n],
    });
    const told = blocks(
      await follow((events) => (blocks(events).at(-1)?.block.number ?? 0n) > receipt.blockNumber),
    );
    const numbers = told.map(({ block }) => block.number);
    expect(numbers).toEqual(numbers.map((_, i) => 1n + BigInt(i)));
    for (const [i, { block }] of told.entries())
      if (i > 0) expect(block.parentHash).toBe(told[i - 1]?.block.hash);
    const withTransfer = told.filter(({ logs }) =>
      logs.some((log) => log.transactionHash === receipt.transactionHash),
    );
    expect(withTransfer.map(({ block }) => block.number)).toEqual([receipt.blockNumber]);
  });

  it("goes on behind a cursor without repeating", async () => {
    const first = blocks(await follow((events) => blocks(events).length >= 3));
    const cursor = first[2]?.block;
    expect(cursor).toBeDefined();
    const next = blocks(await follow((events) => blocks(events).length >= 1, cursor));
    expect(next[0]?.block.number).toBe((cursor?.number ?? 0n) + 1n);
  });

  it("tells a reorganisation back to the last common block, and then the new blocks", async () => {
    let reorged = false;
    const head = await test.chain.viem.getBlockNumber();
    const events = await follow((seen) => {
      // Those before were loaded together: from here on each comes as it is mined.
      if (!reorged && (blocks(seen).at(-1)?.block.number ?? 0n) >= head + 3n) {
        reorged = true;
        void test.command("anvil_reorg", [3, []]);
      }
      const at = seen.findIndex(({ type }) => type === "reorg");
      return at >= 0 && blocks(seen.slice(at)).length >= 3;
    });
    const at = events.findIndex(({ type }) => type === "reorg");
    const reorg = events[at];
    const before = blocks(events.slice(0, at));
    const after = blocks(events.slice(at));
    const common = reorg?.type === "reorg" ? reorg.to : undefined;
    expect(before.some(({ block }) => block.number === common?.number && block.hash === common?.hash)).toBe(
      true,
    );
    expect(after[0]?.block.number).toBe((common?.number ?? 0n) + 1n);
    expect(after[0]?.block.parentHash).toBe(common?.hash);
    const replaced = before.filter(({ block }) => block.number > (common?.number ?? 0n));
    expect(replaced.length).toBeGreaterThan(0);
    for (const { block } of replaced)
      expect(after.some((later) => later.block.hash === block.hash)).toBe(false);
  });

  it("notices that the whole chain behind its cursor is another", async () => {
    const foreign = { number: 2n, hash: `0x${"ab".repeat(32)}` as const };
    const [first] = await follow((events) => events.length >= 1, foreign);
    expect(first).toEqual({ type: "reorg", to: { number: 0n, hash: "0x" } });
  });
});

describe("followChain, when nodes fail,", () => {
  let test: TestChain;
  let token: `0x${string}`;
  let proxy: FaultyRpc;
  beforeEach(async () => {
    test = await startTestChain();
    token = await deployToken(test.rpcUrl);
    proxy = await startFaultyRpc(test.rpcUrl);
  });
  afterEach(async () => {
    await proxy?.stop();
    await test?.stop();
  });

  /** Follows through the proxy, and whatever else is given, until `enough`; fails on time out. */
  async function follow(
    enough: (events: ChainEvent[]) => boolean,
    options: { urls?: string[]; known?: BlockRef[]; clock?: Clock } = {},
  ): Promise<ChainEvent[]> {
    const chain = await connectChain(options.urls ?? proxy.url);
    const controller = new AbortController();
    const events: ChainEvent[] = [];
    const deps = { chain, logger, ...(options.clock ? { clock: options.clock } : {}) };
    const where = { addresses: [token], startBlock: 1n, known: options.known ?? [] };
    for await (const event of followChain(deps, { ...where, pollMs: 30, signal: controller.signal })) {
      events.push(event);
      if (enough(events)) controller.abort();
    }
    return events;
  }
  const blocks = (events: ChainEvent[]) => events.flatMap((event) => (event.type === "block" ? [event] : []));
  const newest = (events: ChainEvent[]) => blocks(events).at(-1)?.block.number ?? 0n;
  const pay = (amount: bigint) => ({
    address: token,
    abi: tokenAbi,
    functionName: "transfer",
    args: [payee, amount],
  });

  /** Every block once, in order, as the chain itself has it. */
  async function expectWhole(events: ChainEvent[]): Promise<void> {
    const told = blocks(events).map(({ block }) => block);
    expect(told.map(({ number }) => number)).toEqual(told.map((_, index) => BigInt(index) + 1n));
    for (const { number, hash } of told) {
      expect(hash).toBe((await test.chain.viem.getBlock({ blockNumber: number })).hash);
    }
  }

  it("refuses, on a chain that holds value, one whose final blocks are others", async () => {
    proxy.fault = (call, forward) => (call.method === "eth_chainId" ? { result: "0x5" } : forward());
    const foreign = (number: bigint) => ({ number, hash: `0x${"ab".repeat(32)}` as const });
    const following = follow(() => false, { known: [foreign(2n), foreign(3n)] });
    await expect(following).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
  });

  it("tells every block once though every third call fails and heads go back", async () => {
    const random = seededRandom(4);
    proxy.fault = async (call, forward) => {
      const dice = random();
      if (dice < 0.3) return { error: { code: -32_603, message: "internal error" } };
      if (dice < 0.31) return { status: 500 };
      if (dice < 0.32) return { status: 429, headers: { "retry-after": "0" } };
      if (call.method === "eth_getBlockByNumber" && call.params[0] === "latest" && dice < 0.6) {
        const head = await test.chain.viem.getBlockNumber();
        const old = numberToHex(head > 4n ? head - BigInt(Math.floor(random() * 4)) : head);
        return {
          result: await test.chain.viem.request({
            method: "eth_getBlockByNumber",
            params: [old, false],
          } as never),
        };
      }
      return await forward();
    };
    const events = await follow((seen) => newest(seen) >= 30n, { clock: hurried });
    expect(events.filter(({ type }) => type === "reorg")).toEqual([]);
    await expectWhole(events);
  });

  it("tells what the majority tells, though one lies and another lags", async () => {
    const liar = await startFaultyRpc(test.rpcUrl);
    const laggard = await startFaultyRpc(test.rpcUrl);
    try {
      liar.fault = async (call, forward) => {
        const { result } = await forward();
        if (call.method === "eth_getLogs") return { result: [] };
        return call.method === "eth_getBlockByNumber" && result !== null
          ? { result: { ...(result as object), hash: `0x${"ee".repeat(32)}` } }
          : { result };
      };
      laggard.fault = async (call, forward) => {
        const head = await test.chain.viem.getBlockNumber();
        if (call.params[0] !== "latest" || head < 4n) return await forward();
        const params = [numberToHex(head - 3n), false];
        return { result: await test.chain.viem.request({ method: call.method, params } as never) };
      };
      const { blockNumber } = await createSender({ chain: test.chain, account: owner }).send(pay(5n));
      const events = await follow((seen) => newest(seen) >= blockNumber + 6n, {
        urls: [liar.url, laggard.url, proxy.url],
      });
      await expectWhole(events);
      expect(blocks(events).flatMap(({ logs }) => logs.map((log) => log.blockNumber))).toContain(blockNumber);
    } finally {
      await liar.stop();
      await laggard.stop();
    }
  });

  it("catches up in ranges as small as the node wants them, and misses no log", async () => {
    const sender = createSender({ chain: test.chain, account: owner });
    const paidAt: bigint[] = [];
    for (let payment = 0; payment < 3; payment++) {
      paidAt.push((await sender.send(pay(1n))).blockNumber);
      await test.command("anvil_mine", ["0x190"]);
    }
    proxy.fault = (call, forward) => {
      const { fromBlock, toBlock } = (call.params[0] ?? {}) as { fromBlock?: Hex; toBlock?: Hex };
      const blocksAsked = toBlock === undefined ? 1 : Number(toBlock) - Number(fromBlock) + 1;
      return call.method === "eth_getLogs" && blocksAsked > 100
        ? { error: { code: -32_005, message: "query returned more than 10000 results" } }
        : forward();
    };
    const head = await test.chain.viem.getBlockNumber();
    const events = await follow((seen) => newest(seen) > head - 250n);
    const transfers = blocks(events).flatMap(({ block, logs }) => (logs.length > 0 ? [block.number] : []));
    // The token's deployment has its own.
    expect(transfers.slice(-3)).toEqual(paidAt);
    expect(blocks(events).length).toBeLessThan(400);
  });

  it("follows a development chain that was rewound, and stands still, from the newest shared block on", async () => {
    await test.command("evm_setIntervalMining", [0]);
    const shared = await test.chain.viem.getBlock();
    const snapshot = await test.command("evm_snapshot");
    await test.command("anvil_mine", ["0x3"]);
    let rewound = false;
    const events = await follow((seen) => {
      if (!rewound && newest(seen) === shared.number + 3n) {
        rewound = true;
        void test.command("evm_revert", [snapshot]);
      }
      return seen.some(({ type }) => type === "reorg");
    });
    expect(events.at(-1)).toEqual({ type: "reorg", to: { number: shared.number, hash: shared.hash } });
  });

  it("follows a development chain that was replaced anew, and never takes back what is final", async () => {
    const other = await startTestChain();
    try {
      let target = test.rpcUrl;
      const replaced = await startFaultyRpc(() => target);
      const events = await follow(
        (seen) => {
          if (target === test.rpcUrl && newest(seen) >= 6n) target = other.rpcUrl;
          const at = seen.findIndex(({ type }) => type === "reorg");
          return at >= 0 && newest(seen.slice(at)) >= 8n;
        },
        { urls: [replaced.url] },
      );
      await replaced.stop();
      const at = events.findIndex(({ type }) => type === "reorg");
      expect(events[at]).toEqual({ type: "reorg", to: { number: 0n, hash: "0x" } });
      expect(blocks(events.slice(at))[0]?.block.number).toBe(1n);
      const final = events.flatMap((event) => (event.type === "finalized" ? [event.number] : []));
      expect(final).toEqual([...new Set(final)].sort((a, b) => (a < b ? -1 : 1)));
    } finally {
      await other.stop();
    }
  });
});

/** A real clock on which nobody waits long. */
const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) };

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
