// Writes test/vectors/bulk-trees.json: orders of each kind under one signature, with the hashes that viem, which knows
// nothing of our contracts or of trees, computes for the whole of what a wallet shows. Run: node scripts/vectors/bulk-trees.ts
import { readFileSync, writeFileSync } from "node:fs";
import { hashStruct, hashTypedData } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { types as orderTypes } from "./samples.ts";

interface OrderVectors {
  readonly key: string;
  readonly vectors: readonly {
    readonly kind: string;
    readonly domain: { readonly chainId: string };
    readonly order: object;
  }[];
}
const orders = JSON.parse(readFileSync("test/vectors/orders.json", "utf8")) as OrderVectors;
const account = privateKeyToAccount(orders.key as `0x${string}`);
const [{ domain } = { domain: undefined }] = orders.vectors;
if (domain === undefined) throw new Error("run scripts/vectors/orders.ts first");

type Kind = Exclude<keyof typeof orderTypes, "Conditions">;

/** How many orders of each kind share a signature: one tree of each height that a test can hold, and the highest. */
const sizes: readonly (readonly [Kind, number])[] = [
  ["AppOrder", 2],
  ["DatasetOrder", 3],
  ["PoolOrder", 8],
  ["RequestOrder", 5],
  ["RequestOrder", 1024],
];

const word = (number: number) => `0x${number.toString(16).padStart(64, "0")}`;

const vectors = [];
for (const [kind, count] of sizes) {
  const height = Math.ceil(Math.log2(count));
  const types = {
    BulkOrder: [{ name: "tree", type: `${kind}${"[2]".repeat(height)}` }],
    [kind]: orderTypes[kind],
    Conditions: orderTypes.Conditions,
  };
  // One order of the kind, numbered through: the salts follow each other.
  const template = orders.vectors.findLast((vector) => vector.kind === kind)?.order as {
    conditions: object;
  };
  const numbered = Array.from({ length: count }, (_, i) => ({
    ...template,
    conditions: { ...template.conditions, salt: word(0x1000 + i) },
  }));
  const leaves = Array.from({ length: 2 ** height }, (_, i) => numbered[Math.min(i, count - 1)]);
  const leafHashes = leaves.map((order) => hashStruct({ data: order, types, primaryType: kind } as never));
  let tree: unknown[] = leaves;
  while (tree.length > 2) {
    const below = tree;
    tree = Array.from({ length: below.length / 2 }, (_, i) => below.slice(2 * i, 2 * i + 2));
  }
  const typed = {
    domain: { ...domain, chainId: BigInt(domain.chainId) },
    types,
    primaryType: "BulkOrder",
    message: { tree },
  } as never;
  vectors.push({
    kind,
    count,
    height,
    firstSalt: word(0x1000),
    /** Of the first, the second and the last order. */
    orderHashes: [leafHashes[0], leafHashes[1], leafHashes[count - 1]],
    structHash: hashStruct({ data: { tree }, types, primaryType: "BulkOrder" } as never),
    digest: hashTypedData(typed),
    signature: await account.signTypedData(typed),
  });
}

writeFileSync(
  "test/vectors/bulk-trees.json",
  `${JSON.stringify({ generatedBy: "scripts/vectors/bulk-trees.ts", signer: account.address, domain, template: "the last order of the kind in orders.json, salts counting from firstSalt, the last one repeated", vectors }, null, 2)}\n`,
);
