import { type Hex, zeroAddress, zeroHash } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { SealedGoods } from "#src/chain/goods-reader.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, request, type SignedOrder } from "#src/protocol/orders.ts";
import type { ChainConnection } from "./connection.ts";
import { epochOf } from "./order-signature.ts";

/** What whoever summons jurors chooses. */
export interface Summons {
  readonly sponsor: `0x${string}`;
  /** Nano-HANSE. */
  readonly maxPoolPrice: bigint;
  /** Unix seconds. */
  readonly validUntil: bigint;
}

/**
 * The request that the Receipt presigned when jurors were summoned: all else follows from its rules and the deal. Twin of
 * `_requestFor` in `contracts/certifiers/receipt/Summons.sol`.
 * @param hash as the Receipt told it
 * @throws HANSE_CHAIN_MISMATCH where that is of another request
 */
export async function juryRequest(
  connection: ChainConnection,
  goods: SealedGoods,
  { sponsor, maxPoolPrice, validUntil }: Summons,
  hash: Hex,
): Promise<SignedOrder & { readonly type: "request" }> {
  const { receipt } = connection.deployment.contracts;
  const [rules, epoch] = await Promise.all([
    connection.chain.viem.readContract({ address: receipt, abi: receiptAbi, functionName: "rules" }),
    epochOf(connection, receipt),
  ]);
  const order = request({
    ...{ requester: receipt, beneficiary: receipt, callback: receipt, sponsor },
    ...{ app: rules.juryApp, maxAppPrice: 0n, dataset: 0n, maxDatasetPrice: 0n, maxPoolPrice },
    ...{ category: rules.juryCategory, trust: rules.juryTrust, onlyPool: goods.deal.arbiter },
    ...{ minSeats: rules.juryMinSeats, minSeatStake: rules.juryMinSeatStake, params: goods.id },
    conditions: conditions({
      ...{ certifier: rules.jury, matcher: zeroAddress, validUntil, epoch },
      ...{ volume: 1, salt: goods.id, terms: zeroHash },
    }),
  });
  if (orderHash(order) === hash) return { ...order, signature: "0x" };
  throw new HanseError("HANSE_CHAIN_MISMATCH", "the Receipt asks its jurors by other rules than these", {
    details: { receipt, expected: hash, made: orderHash(order) },
  });
}
