import { parseGwei } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { createSender, type JournaledSender } from "#src/chain/sender.ts";
import { createSenderPool } from "#src/chain/sender-pool.ts";
import { createMemoryJournal } from "#src/chain/transaction-journal.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";
import { deployToken } from "../support/deploy-token.ts";
import { type FaultyRpc, startFaultyRpc } from "./support/faulty-rpc.ts";

const accountAt = (index: number) => accountOfKey(developmentKey(index), DEVELOPMENT_CHAIN_ID);
const owner = accountAt(0);
const payee = accountAt(1).address;
const FAST = { pollMs: 30, timeoutMs: 20_000, rebroadcastMs: 200, replaceMs: 600 };

let test: TestChain;
let token: `0x${string}`;
let proxy: FaultyRpc;
beforeAll(async () => {
  test = await startTestChain();
  token = await deployToken(test.rpcUrl);
  proxy = await startFaultyRpc(test.rpcUrl);
});
afterAll(async () => {
  await proxy?.stop();
  await test?.stop();
});

/** Each amount is one test's own, so that the payments of others do not count. */
const pay = (amount: bigint) => ({
  address: token,
  abi: tokenAbi,
  functionName: "transfer",
  args: [payee, amount],
});
const paid = async (amount: bigint) => {
  const query = { address: token, abi: tokenAbi, eventName: "Transfer", fromBlock: 0n } as const;
  const events = await test.chain.viem.getContractEvents(query);
  return events.filter(({ args }) => args.value === amount).length;
};
const countOf = (address: `0x${string}`) => test.chain.viem.getTransactionCount({ address });

/** Waits until `met`, for ten seconds at most. */
async function until(met: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await met()); ) {
    if (Date.now() > deadline) throw new Error("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

describe("refuses", () => {
  it("what the contract refuses, with its own error, before anything is sent or written down", async () => {
    const poor = accountAt(3);
    const journal = createMemoryJournal();
    const sender = createSender({ chain: test.chain, account: poor, journal });
    const count = await countOf(poor.address);
    await expect(sender.send(pay(1n), { id: "a" })).rejects.toMatchObject({
      code: "HANSE_TRANSACTION_REVERTED",
      details: { error: "ERC20InsufficientBalance", args: [poor.address, 0n, 1n] },
    });
    expect(await countOf(poor.address)).toBe(count);
    expect(await journal.find(await test.chain.genesisHash(), "a")).toBeUndefined();
    expect(await sender.receiptOf("a")).toBeUndefined();
  });

  it("what there is no coin for", async () => {
    const account = accountOfKey(generatePrivateKey(), DEVELOPMENT_CHAIN_ID);
    const sender = createSender({ chain: test.chain, account });
    await expect(sender.send({ ...pay(1n), functionName: "approve" })).rejects.toMatchObject({
      code: "HANSE_TRANSACTION_UNFUNDED",
      details: { address: account.address, balanceWei: 0n },
    });
  });

  it("what no node takes, and may be asked again then", async () => {
    const chain = await connectChain(proxy.url);
    const sender = createSender({ chain, account: owner }, FAST);
    const before = await countOf(owner.address);
    proxy.fault = (call, forward) =>
      call.method === "eth_sendRawTransaction"
        ? { error: { code: -32_000, message: "not today" } }
        : forward();
    await expect(sender.send(pay(101n), { id: "a" })).rejects.toMatchObject({ code: "HANSE_RPC_REFUSED" });
    proxy.fault = undefined;
    expect(await countOf(owner.address)).toBe(before);
    await sender.send(pay(101n), { id: "a" });
    expect(await paid(101n)).toBe(1);
  });
});

describe("sends once", () => {
  it("many calls of one key, nonces in order", async () => {
    const sender = createSender({ chain: test.chain, account: owner }, FAST);
    const before = await countOf(owner.address);
    const receipts = await Promise.all(Array.from({ length: 20 }, () => sender.send(pay(102n))));
    expect(new Set(receipts.map(({ transactionHash }) => transactionHash)).size).toBe(20);
    expect(await countOf(owner.address)).toBe(before + 20);
    expect(sender.waiting).toBe(0);
  });

  it("what bears the same id, at once and later", async () => {
    const sender = createSender({ chain: test.chain, account: owner }, FAST);
    const [a, b] = await Promise.all([
      sender.send(pay(103n), { id: "x" }),
      sender.send(pay(103n), { id: "x" }),
    ]);
    const c = await sender.send(pay(103n), { id: "x" });
    expect([b.transactionHash, c.transactionHash]).toEqual([a.transactionHash, a.transactionHash]);
    expect(await sender.receiptOf("x")).toMatchObject({ transactionHash: a.transactionHash });
    expect(await paid(103n)).toBe(1);
  });

  it("but anew what was refused when it was mined", async () => {
    const account = accountAt(4);
    const sender = createSender({ chain: test.chain, account }, FAST);
    const funds = createSender({ chain: test.chain, account: owner }, FAST);
    const fund = () => funds.send({ ...pay(104n), args: [account.address, 104n] });
    await fund();
    // Both are rehearsed before either is mined, and there is money for one.
    await test.command("evm_setIntervalMining", [0]);
    const both = [sender.send(pay(104n), { id: "first" }), sender.send(pay(104n), { id: "second" })];
    await until(
      async () =>
        (await test.chain.viem.getTransactionCount({ address: account.address, blockTag: "pending" })) === 2,
    );
    await test.command("evm_setIntervalMining", [1]);
    const ends = await Promise.allSettled(both);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(ends[1]).toMatchObject({ reason: { code: "HANSE_TRANSACTION_REVERTED" } });
    await fund();
    await sender.send(pay(104n), { id: "second" });
    expect(await countOf(account.address)).toBe(3);
  });

  it("what a node took whose answer was lost, though another behind its address does not know of it", async () => {
    const chain = await connectChain(proxy.url);
    let lost = false;
    proxy.fault = async (call, forward) => {
      if (call.method === "eth_getTransactionByHash") return { result: null };
      const answer = await forward();
      if (call.method !== "eth_sendRawTransaction" || lost) return answer;
      lost = true;
      return { status: 502 };
    };
    await createSender({ chain, account: owner }, FAST).send(pay(113n));
    proxy.fault = undefined;
    // Until whatever else was sent would have been mined.
    const from = await test.chain.viem.getBlockNumber();
    await until(async () => (await test.chain.viem.getBlockNumber()) > from + 2n);
    expect(lost).toBe(true);
    expect(await paid(113n)).toBe(1);
  });

  it("when somebody else used the key meanwhile", async () => {
    const one = createSender({ chain: test.chain, account: owner }, FAST);
    const other = createSender({ chain: test.chain, account: owner }, FAST);
    await one.send(pay(105n));
    await other.send(pay(105n));
    await expect(one.send(pay(105n))).resolves.toMatchObject({ status: "success" });
    expect(await paid(105n)).toBe(3);
  });
});

describe("does not lose", () => {
  it("what the node forgot", async () => {
    await test.command("evm_setIntervalMining", [0]);
    const sender = createSender({ chain: test.chain, account: owner }, FAST);
    const journal = createMemoryJournal();
    const remembering = createSender({ chain: test.chain, account: owner, journal }, FAST);
    const sending = remembering.send(pay(106n), { id: "a" });
    const hash = async () => (await journal.find(await test.chain.genesisHash(), "a"))?.signed[0].hash;
    await until(async () => (await hash()) !== undefined);
    await until(async () => (await test.command("anvil_dropTransaction", [await hash()])) !== null);
    await test.command("evm_setIntervalMining", [1]);
    expect((await sending).transactionHash).toBe(await hash());
    await sender.send(pay(107n));
    expect(await paid(106n)).toBe(1);
  });

  it("what the node took and swallowed", async () => {
    const chain = await connectChain(proxy.url);
    let swallowed = 0;
    proxy.fault = (call, forward) =>
      call.method === "eth_sendRawTransaction" && ++swallowed <= 2
        ? { result: `0x${"0".repeat(64)}` }
        : forward();
    await createSender({ chain, account: owner }, FAST).send(pay(108n));
    proxy.fault = undefined;
    expect(swallowed).toBeGreaterThan(2);
    expect(await paid(108n)).toBe(1);
  });

  it("what is too cheap by now: it offers more in the same nonce", async () => {
    const journal = createMemoryJournal();
    const sender = createSender({ chain: test.chain, account: owner, journal }, FAST);
    const nonce = await countOf(owner.address);
    await test.command("evm_setIntervalMining", [0]);
    const sending = sender.send(pay(109n), { id: "a" });
    const entry = async () => await journal.find(await test.chain.genesisHash(), "a");
    await until(async () => (await entry()) !== undefined);
    for (let block = 0; block < 5; block++) {
      await test.command("anvil_setNextBlockBaseFeePerGas", [`0x${parseGwei("500").toString(16)}`]);
      await test.command("anvil_mine", ["0x1"]);
    }
    await test.command("evm_setIntervalMining", [1]);
    const receipt = await sending;
    const { signed = [] } = (await entry()) ?? {};
    expect(signed.length).toBeGreaterThan(1);
    expect(new Set(signed.map((each) => each.nonce))).toEqual(new Set([nonce]));
    expect(receipt.transactionHash).not.toBe(signed[0]?.hash);
    expect(receipt.effectiveGasPrice).toBeGreaterThan(signed[0]?.maxFeePerGas ?? 0n);
    expect(await paid(109n)).toBe(1);
  });

  it("what had its nonce taken after it was sent: it is sent anew under the same id", async () => {
    const account = accountAt(5);
    await createSender({ chain: test.chain, account: owner }, FAST).send({
      ...pay(110n),
      args: [account.address, 110n],
    });
    const chain = await connectChain(proxy.url);
    const journal = createMemoryJournal();
    const sender = createSender({ chain, account, journal }, { ...FAST, rebroadcastMs: 60_000 });
    // The node pretends to take it; meanwhile the nonce is used.
    let swallowed = false;
    proxy.fault = (call, forward) => {
      if (call.method !== "eth_sendRawTransaction" || swallowed) return forward();
      swallowed = true;
      return { result: `0x${"0".repeat(64)}` };
    };
    const sending = sender.send(pay(110n), { id: "a" });
    await until(() => swallowed);
    await createSender({ chain: test.chain, account }, FAST).send({ ...pay(0n), functionName: "approve" });
    const receipt = await sending;
    proxy.fault = undefined;
    expect(receipt.status).toBe("success");
    const entry = await journal.find(await test.chain.genesisHash(), "a");
    expect(entry?.signed.map(({ nonce }) => nonce)).toEqual([0, 1]);
    expect(await paid(110n)).toBe(2);
    expect(await countOf(account.address)).toBe(2);
  });

  it("what a reorganisation undid, though nobody waits any more", async () => {
    const journal = createMemoryJournal();
    const sender = createSender({ chain: test.chain, account: owner, journal }, FAST);
    const stopping = new AbortController();
    const running = sender.run(stopping.signal);
    const { transactionHash: hash } = await sender.send(pay(111n), { id: "a" });
    const entry = async () => await journal.find(await test.chain.genesisHash(), "a");
    expect((await entry())?.state).toBe("mined");
    const { block } = (await entry()) ?? {};
    await test.command("anvil_reorg", [2, []]);
    await until(async () => (await entry())?.state === "final");
    const receipt = await test.chain.viem.getTransactionReceipt({ hash });
    expect(receipt.status).toBe("success");
    expect(receipt.blockHash).not.toBe(block?.hash);
    expect(await paid(111n)).toBe(1);
    stopping.abort();
    await running;
  });

  it("what a rewound chain lost, final or not, and fills the nonces below", async () => {
    const account = accountAt(6);
    await createSender({ chain: test.chain, account: owner }, FAST).send({
      ...pay(500n),
      args: [account.address, 500n],
    });
    const snapshot = await test.command("evm_snapshot");
    const sender = createSender({ chain: test.chain, account }, FAST);
    await sender.send(pay(1n), { id: "lost for good" });
    await sender.send(pay(112n), { id: "a" });
    await test.command("evm_revert", [snapshot]);
    expect(await countOf(account.address)).toBe(0);
    expect(await sender.send(pay(112n), { id: "a" })).toMatchObject({ status: "success" });
    expect(await countOf(account.address)).toBe(2);
    expect(await paid(112n)).toBe(1);
  });
});

describe("several keys", () => {
  it("share what is sent, and each id stays with its key", async () => {
    const accounts = [accountAt(7), accountAt(8), accountAt(9)] as const;
    const journal = createMemoryJournal();
    const { chain } = test;
    const sendersOn = () => {
      const [first, ...rest] = accounts.map((account) => createSender({ chain, account, journal }, FAST));
      return [first as JournaledSender, ...rest] as const;
    };
    const pool = createSenderPool({ chain, journal, senders: sendersOn() });
    const approve = (amount: bigint) => ({ ...pay(amount), functionName: "approve" });
    const ids = Array.from({ length: 12 }, (_, index) => `call ${index}`);
    const send = (id: string, index: number) => pool.send(approve(BigInt(index)), { id });
    const first = await Promise.all(ids.map(send));
    expect(await Promise.all(accounts.map(({ address }) => countOf(address)))).toEqual([4, 4, 4]);
    // A pool that begins anew on the journal, asked in another order.
    const again = createSenderPool({ chain, journal, senders: sendersOn() });
    const backwards = await Promise.all(
      [...ids].reverse().map((id, i) => again.send(approve(BigInt(11 - i)), { id })),
    );
    expect(backwards.reverse().map((each) => each.transactionHash)).toEqual(
      first.map((each) => each.transactionHash),
    );
    expect(await Promise.all(accounts.map(({ address }) => countOf(address)))).toEqual([4, 4, 4]);
  });
});
