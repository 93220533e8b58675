import type { LocalAccount } from "viem";
import { HELLO_TYPED_DATA, type Hello } from "#src/client/pool-schema.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { pocoDomain } from "#src/protocol/contributions.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { WorkerChain } from "./worker-chain.ts";

const VALID_SECONDS = 300;

/** A hello to the scheduler of a pool, good for five minutes. */
export async function signHello(
  deps: { readonly account: LocalAccount; readonly chain: WorkerChain; readonly clock: Clock },
  { pool, slots }: { readonly pool: AssetId; readonly slots: number },
): Promise<Hello> {
  const { account, chain, clock } = deps;
  const expiresAt = Math.floor(clock.now() / 1000) + VALID_SECONDS;
  const worker = account.address;
  const signature = await account.signTypedData({
    domain: pocoDomain(chain.chainId, chain.poco),
    types: HELLO_TYPED_DATA,
    primaryType: "Hello",
    message: { pool, worker, slots, expiresAt: BigInt(expiresAt) },
  });
  return { worker, slots, expiresAt, signature };
}
