import {
  type ContractTransaction,
  id,
  type Provider,
  type TransactionReceipt,
  toQuantity,
  Wallet,
} from "ethers";
import { network } from "hardhat";

// Far above what any row needs, and below the block's limit. Fixed, so that nothing is estimated.
const GAS_LIMIT = 29_000_000n;

// Blocks come at fixed times: the hash of a block draws seats, and must be the same in each run.
const GENESIS_TIME = "2026-01-01T00:00:00Z";
const BLOCK_SECONDS = 5;

/** Hardhat's in-process chain without anything that differs from run to run. Gas is free, so nobody needs ether. */
export interface MeasuringChain {
  readonly provider: Provider;
  readonly chainId: number;
  /** An account of its own for each name, the same in every run. */
  account(name: string): Wallet;
  /** Sends a transaction in a block of its own. */
  send(
    from: Wallet,
    transaction: Promise<Omit<ContractTransaction, "to"> & { to?: unknown }>,
  ): Promise<TransactionReceipt>;
  /** @param delay seconds by which the first block is late: it has another hash then */
  mine(blocks: number, delay?: number): Promise<void>;
  /** Runs something and takes back what it changed. */
  apart<T>(run: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function createMeasuringChain(): Promise<MeasuringChain> {
  const connection = await network.create({
    override: {
      hardfork: "cancun",
      initialDate: GENESIS_TIME,
      initialBaseFeePerGas: 0,
      // Whether a contract is too big is told elsewhere, and its gas is of interest before it has been made to fit.
      allowUnlimitedContractSize: true,
    },
  });
  const rpc = connection.provider;
  const provider = connection.ethers.provider as unknown as Provider;
  const { chainId } = await provider.getNetwork();

  async function nextTime(): Promise<number> {
    const latest = await provider.getBlock("latest");
    return (latest?.timestamp ?? 0) + BLOCK_SECONDS;
  }

  return {
    provider,
    chainId: Number(chainId),
    account: (name) => new Wallet(id(`hanse gas: ${name}`), provider),

    async send(from, transaction) {
      const { to, data } = await transaction;
      await rpc.request({ method: "evm_setNextBlockTimestamp", params: [await nextTime()] });
      const sending = from.sendTransaction({
        ...(typeof to === "string" ? { to } : {}),
        ...{ data: data ?? "0x", gasLimit: GAS_LIMIT, type: 0, gasPrice: 0n },
      });
      const sent = await sending.catch((error: Error) => {
        // Without its cause: Hardhat's carries the sources of all that was called.
        throw new Error(error.message);
      });
      const receipt = await provider.getTransactionReceipt(sent.hash);
      if (receipt?.status !== 1) throw new Error(`a transaction of ${from.address} was reverted`);
      return receipt;
    },

    async mine(blocks, delay = 0) {
      await rpc.request({ method: "evm_setNextBlockTimestamp", params: [(await nextTime()) + delay] });
      await rpc.request({
        method: "hardhat_mine",
        params: [toQuantity(blocks), toQuantity(BLOCK_SECONDS)],
      });
    },

    async apart(run) {
      const snapshot = await rpc.request({ method: "evm_snapshot" });
      try {
        return await run();
      } finally {
        await rpc.request({ method: "evm_revert", params: [snapshot] });
      }
    },

    close: () => connection.close(),
  };
}
