import { type Address, domainSeparator, zeroAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain } from "#src/protocol/order-types.ts";
import { type Order, type SignedOrder, soldAsset } from "#src/protocol/orders.ts";
import { POWER_NAMES, powersOf } from "#src/protocol/power-names.ts";
import { POWER_OF_ORDER } from "#src/protocol/powers.ts";
import type { ChainConnection } from "./connection.ts";

/**
 * Whose order it is: the requester's, or today's owner's of what is sold.
 * @throws HANSE_ORDER_ASSET_UNKNOWN
 */
export async function accountOfOrder({ chain, deployment }: ChainConnection, order: Order): Promise<Address> {
  if (order.type === "request") return order.order.requester;
  return (await createMarketReader(chain, deployment).asset(soldAsset(order) ?? 0n)).owner;
}

export async function epochOf({ chain, deployment }: ChainConnection, account: Address): Promise<bigint> {
  const { epoch } = await chain.viem.readContract({
    address: deployment.contracts.clerk,
    abi: clerkAbi,
    functionName: "account",
    args: [account],
  });
  return epoch;
}

/**
 * Asks the Keyring whether an order is signed for its account, by itself or an operator.
 * @returns the operator, where it was one
 * @throws HANSE_ORDER_SIGNATURE_INVALID saying who had to sign
 */
export async function checkSignature(
  connection: ChainConnection,
  signed: SignedOrder,
  signer: Address,
): Promise<Address | undefined> {
  const { chain, deployment } = connection;
  const { clerk, keyring } = deployment.contracts;
  const account = await accountOfOrder(connection, signed);
  const power = POWER_OF_ORDER[signed.type];
  const separator = domainSeparator({ domain: clerkDomain(chain.chainId, clerk) });
  const [valid, operator] = await chain.viem.readContract({
    address: keyring,
    abi: keyringAbi,
    functionName: "check",
    args: [account, power, separator, orderHash(signed), signed.signature],
  });
  if (valid) return operator === zeroAddress ? undefined : operator;
  const name = POWER_NAMES.find((each) => powersOf([each]) === power);
  throw new HanseError(
    "HANSE_ORDER_SIGNATURE_INVALID",
    `${signer} may not sign this order: it is ${account}'s`,
    {
      hint: `Use that account's wallet, or have it say \`hanse operator set ${signer} --powers ${name}\`.`,
      details: { account, signer },
    },
  );
}
