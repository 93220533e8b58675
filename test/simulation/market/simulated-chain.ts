import { type Address, type Hex, numberToHex } from "viem";
import { network } from "../../support/hardhat-network.ts";
import { createBlockAnswers } from "./block-answers.ts";

export interface ChainBlock {
  readonly number: bigint;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

interface RpcBlock {
  readonly number: Hex;
  readonly hash: Hex;
  readonly timestamp: Hex;
}

/** A transaction that was sent, and how it is sent again where a reorganisation took it back. */
interface Sent {
  readonly hash: Hex;
  readonly again: () => Promise<unknown>;
}

/** Enough for every call there is. */
const GAS: Hex = numberToHex(8_000_000);
/** Where a reorganisation is traced back to at most, with some room: older transactions stay mined. */
const DEEPEST = 8n;

/** An answer of JSON-RPC. */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

/** Hardhat's chain in this process: blocks come, and are taken back, when the simulation says so. */
export interface SimulatedChain {
  /** Of a node that is this many blocks behind. Waits while the chain is being reorganised. */
  request(method: string, params: readonly unknown[], lag?: bigint): Promise<RpcAnswer>;
  /** As an account whose key nobody needs. @returns the transaction's hash, which waits for the next block */
  send(from: Address, to: Address | undefined, data: Hex): Promise<Hex>;
  head(): Promise<ChainBlock>;
  mine(timestamp: bigint): Promise<void>;
  /**
   * Takes the newest blocks back and mines others in their place, and one more.
   * @param keep whether a transaction of theirs comes into the new ones
   */
  reorganise(depth: number, keep: () => boolean): Promise<void>;
  /** Transactions that wait. */
  pending(): Promise<number>;
  /** Makes today's state the one that `reset` goes back to. */
  remember(): Promise<void>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createSimulatedChain(genesisTime: number): Promise<SimulatedChain> {
  const connection = await network.create({
    override: {
      ...{ hardfork: "cancun", chainId: 31_337, initialBaseFeePerGas: 0, allowUnlimitedContractSize: true },
      initialDate: new Date(genesisTime * 1000),
      mining: { auto: false, interval: 0 },
    },
  } as never);
  const { provider } = connection as unknown as {
    provider: { request(call: { method: string; params: readonly unknown[] }): Promise<unknown> };
  };
  const { rpc, forget } = createBlockAnswers(
    async <T>(method: string, ...params: unknown[]) => (await provider.request({ method, params })) as T,
  );
  let sent: Sent[] = [];
  let base: { readonly id: Hex; readonly number: bigint } | undefined;
  const snapshots = new Map<bigint, Hex>();
  let turning: Promise<unknown> = Promise.resolve();

  const head = async (): Promise<ChainBlock> => {
    const { number, hash, timestamp } = await rpc<RpcBlock>("eth_getBlockByNumber", "latest", false);
    return { number: BigInt(number), hash, timestamp: BigInt(timestamp) };
  };

  async function mineOne(timestamp: bigint): Promise<void> {
    const before = await head();
    const time = timestamp > before.timestamp ? timestamp : before.timestamp + 1n;
    await rpc("evm_setNextBlockTimestamp", numberToHex(time));
    await rpc("evm_mine");
    forget();
    if (base !== undefined) snapshots.set(before.number + 1n, await rpc<Hex>("evm_snapshot"));
  }

  async function isMined({ hash }: Sent): Promise<boolean> {
    return (await rpc("eth_getTransactionReceipt", hash)) !== null;
  }

  async function reorganise(depth: number, keep: () => boolean): Promise<void> {
    const before = await head();
    const to = before.number - BigInt(depth);
    const snapshot = snapshots.get(to);
    if (snapshot === undefined) return;
    await rpc("evm_revert", snapshot);
    forget();
    snapshots.set(to, await rpc<Hex>("evm_snapshot"));
    const { timestamp } = await head();
    const undone: Sent[] = [];
    for (const each of sent) {
      if (await isMined(each)) continue;
      undone.push(each);
      const waits = (await rpc("eth_getTransactionByHash", each.hash)) !== null;
      if (!waits && keep()) await each.again().catch(() => undefined);
    }
    // The same transactions may come in another block than before; the time of each differs, and so does its hash.
    for (let block = 1; block <= depth + 1; block++) await mineOne(timestamp + BigInt(block) * 2n + 1n);
  }

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turning.then(work, work);
    turning = mine.catch(() => undefined);
    return mine;
  };

  return {
    head,
    async request(method, params, lag = 0n) {
      await turning;
      try {
        const result = await ask(method, params, lag);
        if (method === "eth_sendRawTransaction") {
          sent.push({ hash: result as Hex, again: () => rpc(method, ...params) });
        }
        return { result };
      } catch (error) {
        return { error: errorOf(error) };
      }
    },
    async send(from, to, data) {
      await turning;
      const transaction = { from, data, gas: GAS, gasPrice: "0x0", ...(to === undefined ? {} : { to }) };
      const hash = await rpc<Hex>("eth_sendTransaction", transaction);
      sent.push({ hash, again: () => rpc("eth_sendTransaction", transaction) });
      return hash;
    },
    mine: (timestamp) =>
      inTurn(async () => {
        await mineOne(timestamp);
        if (sent.length < 64) return;
        const { number } = await head();
        const recent: Sent[] = [];
        for (const each of sent) {
          const receipt = await rpc<{ blockNumber: Hex } | null>("eth_getTransactionReceipt", each.hash);
          if (receipt === null || BigInt(receipt.blockNumber) + DEEPEST > number) recent.push(each);
        }
        sent = recent;
      }),
    reorganise: (depth, keep) => inTurn(() => reorganise(depth, keep)),
    async pending() {
      const { transactions } = await rpc<{ transactions: unknown[] }>(
        "eth_getBlockByNumber",
        "pending",
        false,
      );
      return transactions.length;
    },
    async remember() {
      base = { id: await rpc<Hex>("evm_snapshot"), number: (await head()).number };
      snapshots.clear();
      sent = [];
    },
    reset: () =>
      inTurn(async () => {
        if (base === undefined) throw new Error("nothing was remembered");
        await rpc("evm_revert", base.id);
        forget();
        base = { ...base, id: await rpc<Hex>("evm_snapshot") };
        snapshots.clear();
        sent = [];
      }),
    close: () => connection.close(),
  };

  /** As a node answers whose newest block is `lag` below ours, and which calls nothing final that may be taken back. */
  async function ask(method: string, params: readonly unknown[], lag: bigint): Promise<unknown> {
    if (method === "eth_blockNumber") return numberToHex((await head()).number - lag);
    if (method === "eth_getBlockByNumber") return await blockByTag(params, lag);
    if (lag === 0n) return await rpc(method, ...params);
    const newest = (await head()).number - lag;
    if (method === "eth_getTransactionReceipt") {
      const receipt = await rpc<{ blockNumber: Hex } | null>(method, ...params);
      return receipt === null || BigInt(receipt.blockNumber) > newest ? null : receipt;
    }
    if (method === "eth_call")
      return await rpc(method, params[0], numberOf(params[1], newest), ...params.slice(2));
    return await rpc(method, ...params);
  }

  async function blockByTag([tag, full]: readonly unknown[], lag: bigint): Promise<unknown> {
    const newest = (await head()).number - lag;
    if (tag === "finalized" || tag === "safe") {
      const final = newest > DEEPEST ? newest - DEEPEST : 0n;
      return await rpc("eth_getBlockByNumber", numberToHex(final), full);
    }
    if (tag === "latest") return await rpc("eth_getBlockByNumber", numberToHex(newest), full);
    if (typeof tag === "string" && tag.startsWith("0x") && BigInt(tag) > newest) return null;
    return await rpc("eth_getBlockByNumber", tag, full);
  }
}

/** The number a tag names. Throws as a node does that lacks the block. */
function numberOf(tag: unknown, newest: bigint): Hex {
  const asked = typeof tag === "string" && tag.startsWith("0x") ? BigInt(tag) : newest;
  if (asked > newest) throw Object.assign(new Error("header not found"), { code: -32_000 });
  return numberToHex(asked);
}

/** As most nodes tell of a refusal by a contract: code 3, with its data. */
function errorOf(error: unknown): { code: number; message: string; data?: unknown } {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { data } = at as { data?: unknown };
    const hex = typeof data === "string" ? data : (data as { data?: unknown } | undefined)?.data;
    if (typeof hex === "string" && hex.startsWith("0x"))
      return { code: 3, message: "execution reverted", data: hex };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/revert/i.test(message)) return { code: 3, message: `execution reverted: ${message}` };
  const { code } = error as { code?: unknown };
  return { code: typeof code === "number" ? code : -32_000, message };
}
