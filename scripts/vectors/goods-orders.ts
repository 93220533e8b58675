// Writes test/vectors/goods-orders.json and its Solidity twin: orders of goods, deals, and what both sides sign about a
// deal, with the hashes and signatures that viem and ethers, which know nothing of our contracts, agree on.
// Run: node scripts/vectors/goods-orders.ts
import { writeFile } from "node:fs/promises";
import { AbiCoder, TypedDataEncoder } from "ethers";
import {
  encodeAbiParameters,
  type Hex,
  hashDomain,
  hashStruct,
  hashTypedData,
  keccak256,
  sliceHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { decimal, domains, fields, KEY, structOf, types, type Value } from "./samples.ts";

const account = privateKeyToAccount(KEY);
const kinds = ["SaleOrder", "PurchaseOrder"] as const;
const fills = ["zero", "mixed", "max"] as const;
type Struct = { [name: string]: Value };

const receiptDomains = domains.map((domain) => ({ ...domain, name: "Hanse Receipt" }));
const domainOf = (index: number) => receiptDomains[index % 2] as (typeof receiptDomains)[number];
const DOMAIN_TYPE = fields("string name,string version,uint256 chainId,address verifyingContract");

/** What is signed of a struct, where both libraries say the same. */
async function signed(
  own: Record<string, { name: string; type: string }[]>,
  primaryType: string,
  message: Struct,
  index: number,
) {
  const domain = domainOf(index);
  const typed = { domain, types: own, primaryType, message } as never;
  const digest = hashTypedData(typed);
  if (TypedDataEncoder.hash(domain, own, message) !== digest) {
    throw new Error(`viem and ethers disagree about a ${primaryType}`);
  }
  return {
    domain: { ...domain, chainId: domain.chainId.toString() },
    structHash: hashStruct({ data: message, types: own, primaryType } as never),
    domainSeparator: hashDomain({ domain, types: { EIP712Domain: DOMAIN_TYPE } } as never),
    digest,
    signature: await account.signTypedData(typed),
  };
}

function hashOfDeal(deal: Struct): Hex {
  const values = types.GoodsDeal.map(({ name }) => deal[name]);
  const encoded = encodeAbiParameters(types.GoodsDeal, values as never);
  const names = types.GoodsDeal.map(({ type }) => type);
  if (AbiCoder.defaultAbiCoder().encode(names, values) !== encoded) {
    throw new Error("viem and ethers disagree about a deal");
  }
  return keccak256(encoded);
}

async function makeOrders() {
  const vectors = [];
  for (const kind of kinds) {
    for (const [index, fill] of fills.entries()) {
      const order = structOf(kind, fill, 1);
      const own = { Conditions: types.Conditions, [kind]: types[kind] };
      vectors.push({ kind, order, ...(await signed(own, kind, order, index)) });
    }
  }
  return vectors;
}

async function makeDeals() {
  const vectors = [];
  for (const [index, fill] of fills.entries()) {
    const deal = structOf("GoodsDeal", fill, 1);
    const hash = hashOfDeal(deal);
    const id = keccak256(
      encodeAbiParameters(fields("bytes32 purchaseId,uint32 firstPiece"), [
        deal.purchaseId,
        deal.firstPiece,
      ] as never),
    );
    const toBuyer = structOf("SaleOrder", fill, 1).price as bigint;
    vectors.push({
      ...{ deal, hash, id, commitment: sliceHex(hash, 0, 24), toBuyer },
      confirmation: await signed(
        { Confirmation: fields("bytes32 deal") },
        "Confirmation",
        { deal: hash },
        index,
      ),
      split: await signed(
        { Split: fields("bytes32 deal,uint64 toBuyer") },
        "Split",
        { deal: hash, toBuyer },
        index,
      ),
    });
  }
  return vectors;
}

// Solidity cannot read files without leave of the runner's configuration, so it gets the same as code.

const WRAPPERS: Readonly<Record<string, string>> = {
  ...{ goods: "GoodsId", arbiter: "Arbiter", supply: "DealId", purchaseId: "RequestId" },
  ...{ onlyBuyer: "Restriction", onlySeller: "Restriction", onlyArbiter: "Restriction" },
};

function assign(target: string, type: keyof typeof types, value: Struct): string[] {
  return types[type].flatMap((field) => {
    const member = value[field.name] as Value;
    if (field.type === "Conditions") return assign(`${target}.conditions`, "Conditions", member as Struct);
    const wrapper = WRAPPERS[field.name];
    const literal = literalOf(field.type, member);
    return [`        ${target}.${field.name} = ${wrapper ? `${wrapper}.wrap(${literal})` : literal};`];
  });
}

function literalOf(type: string, value: Value): string {
  if (type === "address") return `address(uint160(${BigInt(String(value))}))`;
  if (type === "bytes32") return `bytes32(${value})`;
  if (type === "uint8") return `Outcome(${value})`;
  return `0x${BigInt(value as bigint).toString(16)}`;
}

function signedLines(target: string, vector: Awaited<ReturnType<typeof signed>>): string[] {
  return [
    `        ${target}.chain = ${vector.domain.chainId};`,
    `        ${target}.receipt = address(uint160(${BigInt(vector.domain.verifyingContract)}));`,
    `        ${target}.structHash = ${vector.structHash};`,
    `        ${target}.domainSeparator = ${vector.domainSeparator};`,
    `        ${target}.digest = ${vector.digest};`,
    `        ${target}.signature = hex"${vector.signature.slice(2)}";`,
  ];
}

const functionOf = (name: string, returned: string, lines: string[]) =>
  `    function ${name}() internal pure returns (${returned}) {\n${lines.join("\n")}\n    }\n`;

/** @returns the files, by their paths */
export async function goodsVectors(): Promise<Record<string, string>> {
  const [orders, deals] = [await makeOrders(), await makeDeals()];
  const json = {
    ...{ generatedBy: "scripts/vectors/goods-orders.ts", key: KEY, signer: account.address },
    orders: orders.map((vector) => ({ ...vector, order: decimal(vector.order) })),
    deals: deals.map((vector) => ({
      ...vector,
      deal: decimal(vector.deal),
      toBuyer: String(vector.toBuyer),
    })),
  };
  const functions = [
    ...orders.map((vector, i) =>
      functionOf(`order${i}`, `GoodsVector memory v, ${vector.kind} memory o`, [
        ...signedLines("v", vector),
        ...assign("o", vector.kind, vector.order),
      ]),
    ),
    ...deals.map((vector, i) =>
      functionOf(`deal${i}`, "DealVector memory v", [
        ...assign("v.deal", "GoodsDeal", vector.deal),
        `        v.hash = ${vector.hash};`,
        `        v.id = ${vector.id};`,
        `        v.toBuyer = ${vector.toBuyer};`,
        ...signedLines("v.confirmation", vector.confirmation),
        ...signedLines("v.split", vector.split),
      ]),
    ),
  ];
  const solidity = `// SPDX-License-Identifier: Apache-2.0
// Generated by scripts/vectors/goods-orders.ts, as test/vectors/goods-orders.json is; do not edit.
pragma solidity ^0.8.28;

import {Arbiter, GoodsDeal, GoodsId, Outcome, PurchaseOrder, SaleOrder} from "../../../contracts/types/Goods.sol";
import {DealId, RequestId, Restriction} from "../../../contracts/types/Ids.sol";

struct GoodsVector {
    uint256 chain;
    address receipt;
    bytes32 structHash;
    bytes32 domainSeparator;
    bytes32 digest;
    bytes signature;
}

struct DealVector {
    GoodsDeal deal;
    bytes32 hash;
    bytes32 id;
    uint64 toBuyer;
    GoodsVector confirmation;
    GoodsVector split;
}

library GoodsVectors {
    address internal constant SIGNER = ${account.address};

${functions.join("\n")}}
`;
  return {
    "test/vectors/goods-orders.json": `${JSON.stringify(json, null, 2)}\n`,
    "test/contracts/support/GoodsVectors.sol": solidity,
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(await goodsVectors())) await writeFile(path, text);
}
