import { createPublicClient, http, type PublicClient } from "viem";
import { asChainError } from "./chain-error.ts";

export interface ChainClient {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly viem: PublicClient;
}

/**
 * Connects to an RPC endpoint.
 * @throws HANSE_RPC_UNAVAILABLE when nobody answers
 */
export async function connectChain(rpcUrl: string, pollMs = 250): Promise<ChainClient> {
  // Calls made in one turn of the event loop travel in one request.
  const viem = createPublicClient({
    transport: http(rpcUrl, { batch: true, retryCount: 2, timeout: 10_000 }),
    pollingInterval: pollMs,
    // Services read state that a block may have changed a moment ago.
    cacheTime: 0,
  });
  try {
    return { rpcUrl, chainId: await viem.getChainId(), viem };
  } catch (error) {
    throw asChainError(error, `connecting to the chain`);
  }
}
