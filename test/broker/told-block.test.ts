import { numberToHex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import type { MarketChain } from "#src/broker/market-chain.ts";
import { createToldBlock } from "#src/broker/told-block.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { createSender } from "#src/chain/sender.ts";
import { systemClock } from "#src/kernel/clock.ts";
import { type FaultyRpc, startFaultyRpc } from "../chain/support/faulty-rpc.ts";
import { startTestChain, type TestChain, testAccount } from "../e2e/chain-fixture.ts";
import { silent } from "./support/test-database.ts";

describe("the block to read", () => {
  const at = (...heads: bigint[]) => createToldBlock({ headNumber: async () => heads.shift() ?? 0n });

  test("is the node's newest while nobody follows", async () => {
    const told = at();
    told.tell(7n, 7n);
    expect(await told.toRead()).toBeUndefined();
    const following = new AbortController();
    told.follow(5n, following.signal);
    told.tell(6n, 6n);
    following.abort();
    expect(await told.toRead()).toBeUndefined();
  });

  test("is none before the one from which is followed", async () => {
    const told = at(4n, 9n);
    told.follow(5n, new AbortController().signal);
    await expect(told.toRead()).rejects.toMatchObject({ code: "HANSE_RPC_BEHIND", retryable: true });
    expect(await told.toRead()).toBe(9n);
  });

  test("is the newest that was seen, though an older one is told", async () => {
    const told = at();
    told.follow(5n, new AbortController().signal);
    told.tell(6n, 90n);
    told.tell(7n, 7n);
    expect(await told.toRead()).toBe(90n);
  });

  test("is looked up again where the chain turned while the node was asked", async () => {
    const heads = [9n, 6n];
    const told = createToldBlock({
      async headNumber() {
        if (heads.length === 2) told.goBack(5n);
        return heads.shift() ?? 0n;
      },
    });
    told.follow(8n, new AbortController().signal);
    expect(await told.toRead()).toBe(6n);
  });

  test("is looked up again where the chain turned", async () => {
    const told = at(6n);
    told.follow(5n, new AbortController().signal);
    told.tell(8n, 8n);
    told.goBack(6n);
    expect(await told.toRead()).toBe(6n);
  });
});

describe("a node that falls behind what it told", () => {
  let real: TestChain;
  let rpc: FaultyRpc;
  let market: MarketChain;
  const owner = testAccount(1);

  beforeAll(async () => {
    real = await startTestChain({});
    rpc = await startFaultyRpc(real.rpcUrl);
    const chain = await connectChain(rpc.url, { pollMs: 50 });
    const sender = createSender({ chain, account: testAccount(9) });
    // Patience of ten seconds passes in a tenth of one.
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
    };
    market = createClerkMarketChain({ ...real, chain, sender, logger: silent, clock });
  }, 60_000);
  afterAll(async () => {
    await rpc?.stop();
    await real?.stop();
  });

  /** From now on the node knows no block above this one. */
  function fallBehindTo(block: bigint): void {
    const newest = numberToHex(block);
    const lacks = { error: { code: -32_000, message: "header not found" } };
    rpc.fault = async ({ method, params }, forward) => {
      const [asked, tag] = params as [unknown, string];
      if (method === "eth_blockNumber") return { result: newest };
      if (method !== "eth_call") return await forward();
      if (tag !== "latest") return BigInt(tag) > block ? lacks : await forward();
      return await fetchCall(asked, newest);
    };
  }

  async function fetchCall(call: unknown, block: string) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_call", params: [call, block] });
    const headers = { "content-type": "application/json" };
    return (await (await fetch(real.rpcUrl, { method: "POST", headers, body })).json()) as {
      result: unknown;
    };
  }

  test("is waited for, and not believed meanwhile", async () => {
    const stopping = new AbortController();
    const cursor = await real.chain.viem.getBlock();
    const known = [{ number: cursor.number, hash: cursor.hash }];
    const events = market.events(known, stopping.signal)[Symbol.asyncIterator]();
    const raise = { address: market.clerk, abi: clerkAbi, functionName: "raiseEpoch", args: [7n] };
    await createSender({ chain: real.chain, account: owner }).send(raise);
    for (;;) {
      const { value: event } = await events.next();
      if (event.type !== "block" || event.events.length === 0) continue;
      fallBehindTo(event.block.number - 1n);
      // What is read at this block would else be written down as of one before.
      expect(await market.toldNumber()).toBe(event.block.number);
      break;
    }
    // What a broker without memory of the event would take for the truth.
    expect((await market.account(owner.address)).epoch).toBe(0n);
    await expect(market.told.account(owner.address)).rejects.toMatchObject({ code: "HANSE_RPC_BEHIND" });
    const waiting = market.told.account(owner.address);
    rpc.fault = undefined;
    expect((await waiting).epoch).toBe(7n);
    stopping.abort();
    await events.return?.(undefined);
  }, 30_000);

  test("is asked again though another behind the same address has the newest block", async () => {
    const stopping = new AbortController();
    const cursor = await real.chain.viem.getBlock();
    const events = market.events([{ number: cursor.number, hash: cursor.hash }], stopping.signal);
    let refusals = 0;
    rpc.fault = async ({ method }, forward) =>
      method === "eth_call" && ++refusals <= 3
        ? { error: { code: -32_000, message: "header not found" } }
        : await forward();
    expect((await market.told.account(owner.address)).epoch).toBe(7n);
    rpc.fault = undefined;
    expect(refusals).toBe(4);
    stopping.abort();
    await events[Symbol.asyncIterator]().return?.(undefined);
  }, 30_000);
});
