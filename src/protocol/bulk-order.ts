import { concatHex, type Hex, keccak256, numberToHex, size, slice, stringToHex } from "viem";
import { goodsOrderHash } from "./goods-order-hash.ts";
import { GOODS_PRIMARY_TYPES, GOODS_TYPED_DATA } from "./goods-order-types.ts";
import type { GoodsOrder } from "./goods-orders.ts";
import { orderHash } from "./order-hash.ts";
import { ORDER_TYPED_DATA, PRIMARY_TYPES } from "./order-types.ts";
import type { Order } from "./orders.ts";
import { encodedType } from "./struct-hash.ts";

// One signature over many orders of a kind: twin of `contracts/libraries/BulkOrder.sol`; `IKeyring` tells the encoding.
// Both are held to `test/vectors/bulk-orders.json`.

/** Ends a bulk signature, so that no other is taken for one. */
const BULK_MAGIC = stringToHex("bulk");

/** The deepest tree: 2^10 orders. */
export const MAX_BULK_HEIGHT = 10;

/** What follows the proof: index (2 bytes), height (1), magic (4). */
const TRAILER = 7;

/** Any order that may be signed with others of its kind: of computing, in the Clerk's domain, or of goods, in a Receipt's. */
export type BulkedOrder = Order | GoodsOrder;

const MEMBERS = { ...ORDER_TYPED_DATA, ...GOODS_TYPED_DATA };
const NAMES = { ...PRIMARY_TYPES, ...GOODS_PRIMARY_TYPES };

/** Orders of one kind as the leaves of a full tree, and the root that is signed for all of them. */
export interface BulkTree {
  readonly type: BulkedOrder["type"];
  /** Words of a proof: the tree has `2 ** height` leaves. */
  readonly height: number;
  /** What is signed: the EIP-712 struct hash of `BulkOrder`. */
  readonly hash: Hex;
  /** Hashes from the leaves up to below the root. */
  readonly layers: readonly (readonly Hex[])[];
}

/** A bulk signature, taken apart. */
export interface BulkSignature {
  /** Of the whole tree. */
  readonly signature: Hex;
  /** The siblings, from the leaf up. */
  readonly proof: readonly Hex[];
  /** The order's place among the leaves. */
  readonly index: number;
}

/**
 * Builds the tree over orders of one kind. The last order fills the places that are left: whoever signs sees nothing but
 * its own orders.
 * @throws RangeError unless there are 2 to 1,024 orders, all of one kind
 */
export function bulkTree(orders: readonly BulkedOrder[]): BulkTree {
  const { type, height, leaves } = leavesOf(orders);
  const layers: Hex[][] = [leaves.map(leafHash)];
  for (let layer = layers[0] ?? []; layer.length > 2; ) {
    layer = pairs(layer);
    layers.push(layer);
  }
  const [root] = pairs(layers.at(-1) ?? []);
  return { type, height, layers, hash: bulkHash(type, height, root as Hex) };
}

/** The siblings of one order, from the leaf up: what proves that it is in the tree. */
export function bulkProof({ layers }: Pick<BulkTree, "layers">, index: number): Hex[] {
  return layers.map((layer, level) => {
    const sibling = layer[(index >> level) ^ 1];
    if (sibling === undefined) throw new RangeError(`the tree has no order ${index}`);
    return sibling;
  });
}

/** The signature of one order out of that of its tree. */
export function encodeBulkSignature({ signature, proof, index }: BulkSignature): Hex {
  return concatHex([
    signature,
    ...proof,
    numberToHex(index, { size: 2 }),
    numberToHex(proof.length, { size: 1 }),
    BULK_MAGIC,
  ]);
}

/** @returns undefined for what is no bulk signature */
export function decodeBulkSignature(encoded: Hex): BulkSignature | undefined {
  const length = size(encoded);
  if (length < TRAILER || slice(encoded, length - 4).toLowerCase() !== BULK_MAGIC) return undefined;
  const height = Number(slice(encoded, length - 5, length - 4));
  const proofAt = length - TRAILER - 32 * height;
  if (height === 0 || height > MAX_BULK_HEIGHT || proofAt < 0) return undefined;
  const word = (i: number) => slice(encoded, proofAt + 32 * i, proofAt + 32 * (i + 1));
  return {
    signature: proofAt === 0 ? "0x" : slice(encoded, 0, proofAt),
    proof: Array.from({ length: height }, (_, i) => word(i)),
    index: Number(slice(encoded, length - TRAILER, length - TRAILER + 2)),
  };
}

/** What was signed, and the signature of it: of an order whose signature is not bulk, the order itself. */
export function unwrapBulk(
  type: BulkedOrder["type"],
  hash: Hex,
  encoded: Hex,
): { readonly hash: Hex; readonly signature: Hex } {
  const bulk = decodeBulkSignature(encoded);
  if (bulk === undefined) return { hash, signature: encoded };
  const { signature, proof, index } = bulk;
  // A wrong proof leads to another root, which nobody signed.
  const root = proof.reduce<Hex>(
    (node, sibling, i) => keccak256(concatHex((index >> i) & 1 ? [sibling, node] : [node, sibling])),
    hash,
  );
  return { hash: bulkHash(type, proof.length, root), signature };
}

/**
 * The tree as a wallet wants it: `BulkOrder(<Kind>Order[2]…[2] tree)`, every order to be read by whoever signs.
 * @throws RangeError as `bulkTree`
 */
export function bulkTypedData(orders: readonly BulkedOrder[]) {
  const { type, height, leaves } = leavesOf(orders);
  let tree: readonly unknown[] = leaves.map(({ order }) => order);
  while (tree.length > 2) tree = inPairs(tree);
  return { types: typesOf(type, height), primaryType: "BulkOrder" as const, message: { tree } };
}

function typesOf(type: BulkedOrder["type"], height: number) {
  const name = NAMES[type];
  return {
    BulkOrder: [{ name: "tree", type: `${name}${"[2]".repeat(height)}` }],
    [name]: MEMBERS[name],
    Conditions: MEMBERS.Conditions,
  };
}

function leavesOf(orders: readonly BulkedOrder[]): {
  type: BulkedOrder["type"];
  height: number;
  leaves: BulkedOrder[];
} {
  const [first, last] = [orders[0], orders.at(-1)];
  const height = Math.ceil(Math.log2(orders.length));
  if (first === undefined || last === undefined || height < 1 || height > MAX_BULK_HEIGHT) {
    throw new RangeError(`2 to ${2 ** MAX_BULK_HEIGHT} orders share a signature, not ${orders.length}`);
  }
  if (orders.some(({ type }) => type !== first.type))
    throw new RangeError("orders of one kind share a signature");
  const leaves = Array.from({ length: 2 ** height }, (_, i) => orders[i] ?? last);
  return { type: first.type, height, leaves };
}

function leafHash(order: BulkedOrder): Hex {
  return order.type === "sale" || order.type === "purchase" ? goodsOrderHash(order) : orderHash(order);
}

function bulkHash(type: BulkedOrder["type"], height: number, root: Hex): Hex {
  return keccak256(concatHex([bulkTypeHash(type, height), root]));
}

const typeHashes = new Map<string, Hex>();

function bulkTypeHash(type: BulkedOrder["type"], height: number): Hex {
  const key = `${type} ${height}`;
  let hash = typeHashes.get(key);
  if (hash === undefined) {
    hash = keccak256(stringToHex(encodedType(typesOf(type, height), "BulkOrder")));
    typeHashes.set(key, hash);
  }
  return hash;
}

function inPairs<Value>(values: readonly Value[]): Value[][] {
  return Array.from({ length: values.length / 2 }, (_, i) => values.slice(2 * i, 2 * i + 2));
}

function pairs(hashes: readonly Hex[]): Hex[] {
  return inPairs(hashes).map((pair) => keccak256(concatHex(pair)));
}
