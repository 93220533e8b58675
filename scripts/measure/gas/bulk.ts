import { concat, keccak256, TypedDataEncoder, toBeHex, toUtf8Bytes, type Wallet } from "ethers";
import { clerkDomain, ORDER_TYPED_DATA } from "#src/protocol/order-types.ts";
import type { Market } from "./market.ts";
import type { batchOf } from "./orders.ts";

type RequestOrder = Awaited<ReturnType<typeof batchOf>>["requests"][number]["order"];

const REQUEST_TYPES = {
  RequestOrder: [...ORDER_TYPED_DATA.RequestOrder],
  Conditions: [...ORDER_TYPED_DATA.Conditions],
};

/** One signature over 2^height requests, in the form that is good for the first of them; see `IKeyring`. */
export async function signBulk(
  market: Market,
  signer: Wallet,
  orders: readonly RequestOrder[],
): Promise<string> {
  const height = Math.log2(orders.length);
  const types = {
    BulkOrder: [{ name: "tree", type: `RequestOrder${"[2]".repeat(height)}` }],
    ...REQUEST_TYPES,
  };
  let tree: unknown[] = [...orders];
  while (tree.length > 2) tree = pairs(tree);
  const domain = clerkDomain(market.chain.chainId, market.addresses.clerk);
  const signature = await signer.signTypedData(domain, types, { tree });

  const proof: string[] = [];
  let level = orders.map((order) => TypedDataEncoder.hashStruct("RequestOrder", REQUEST_TYPES, order));
  while (level.length > 1) {
    proof.push(level[1] ?? "");
    level = pairs(level).map((pair) => keccak256(concat(pair)));
  }
  return concat([signature, ...proof, toBeHex(0, 2), toBeHex(height, 1), toUtf8Bytes("bulk")]);
}

function pairs<T>(list: readonly T[]): T[][] {
  return Array.from({ length: list.length / 2 }, (_, index) => list.slice(2 * index, 2 * index + 2));
}
