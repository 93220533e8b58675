import { setTimeout as wait } from "node:timers/promises";
import { JsonRpcProvider, type TransactionResponse, Wallet } from "ethers";
import { type Address, getAddress, type Hex } from "viem";
import { accountOfKey } from "#src/chain/development-keys.ts";
import { HanseError } from "#src/kernel/errors.ts";

const POLL_MS = 100;
const MINING_MS = 600_000;

/** The account that deploys, on its chain. */
export interface Deployer {
  readonly provider: JsonRpcProvider;
  readonly chainId: number;
  readonly genesisHash: string;
  readonly address: Address;
  /** The nonce of the next transaction. Nothing else may be sent from the account meanwhile. */
  nextNonce(): number;
  /** Sends a transaction with the next nonce, without waiting for a block. */
  send(transaction: { to?: string; data: string }): Promise<void>;
  /** Waits until everything that was sent is mined. */
  settle(): Promise<void>;
  close(): void;
}

/** Connects without an account. */
export function connectProvider(rpcUrl: string): JsonRpcProvider {
  // Nothing is cached: what is read may have changed a block ago.
  return new JsonRpcProvider(rpcUrl, undefined, { pollingInterval: POLL_MS, cacheTimeout: -1 });
}

/**
 * @param patienceMs how long transactions that the account sent before may take to be mined
 * @throws HANSE_DEVELOPMENT_KEY_REFUSED on a chain that is no development chain; HANSE_TRANSACTION_LOST while earlier
 * transactions of the account are not mined
 */
export async function connectDeployer(
  rpcUrl: string,
  privateKey: string,
  patienceMs = 60_000,
): Promise<Deployer> {
  const provider = connectProvider(rpcUrl);
  try {
    const chainId = Number((await provider.getNetwork()).chainId);
    const { address } = accountOfKey(privateKey as Hex, chainId);
    const genesis = await provider.getBlock(0);
    const wallet = new Wallet(privateKey, provider);
    let nonce = await settledNonce(provider, address, patienceMs);
    const sent: TransactionResponse[] = [];
    return {
      provider,
      chainId,
      genesisHash: genesis?.hash ?? "",
      address: getAddress(address),
      nextNonce: () => nonce,
      async send(transaction) {
        sent.push(await wallet.sendTransaction({ ...transaction, nonce }));
        nonce++;
      },
      async settle() {
        await Promise.all(sent.splice(0).map((response) => response.wait(1, MINING_MS)));
      },
      close: () => provider.destroy(),
    };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** The next nonce, once everything that was sent before is mined. */
async function settledNonce(provider: JsonRpcProvider, address: string, patienceMs: number): Promise<number> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const [mined, sent] = await Promise.all([
      provider.getTransactionCount(address, "latest"),
      provider.getTransactionCount(address, "pending"),
    ]);
    if (mined === sent) return mined;
    if (performance.now() > until) {
      throw new HanseError(
        "HANSE_TRANSACTION_LOST",
        `${sent - mined} transactions of ${address} are not mined yet`,
        {
          hint: "Wait until they are, or replace them, and deploy again.",
          details: { account: address, mined, sent },
        },
      );
    }
    await wait(POLL_MS);
  }
}
