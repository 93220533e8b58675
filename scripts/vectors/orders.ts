// Writes test/vectors/orders.json and its Solidity twin: orders of each kind with the hashes and signatures that viem,
// which knows nothing of our contracts, computes for them. Run: node scripts/vectors/orders.ts
import { writeFileSync } from "node:fs";
import { hashDomain, hashStruct, hashTypedData } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { fields, types } from "./order-types.ts";

// Hardhat's and Anvil's first development key; it guards nothing.
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const account = privateKeyToAccount(KEY);

type Value = string | bigint | number | { [name: string]: Value };
const kinds = ["AppOrder", "DatasetOrder", "PoolOrder", "RequestOrder"] as const;

/** A value of the type: all zero, all ones, or different from field to field, so that swapped fields are noticed. */
function memberOf(type: string, fill: "zero" | "max" | "mixed", seed: number): Value {
  if (type === "Conditions") return structOf("Conditions", fill, seed * 100);
  const bytes = type === "address" ? 20 : type === "bytes32" ? 32 : Number(type.slice(4)) / 8;
  if (type === "bytes") {
    const text = "--input=0123456789abcdef ";
    return fill === "zero" ? "0x" : `0x${Buffer.from(text.repeat(fill === "max" ? 40 : 1)).toString("hex")}`;
  }
  const hex =
    fill === "zero" ? "00" : fill === "max" ? "ff" : (17 + seed).toString(16).padStart(2, "0").slice(-2);
  const word = `0x${hex.repeat(bytes)}`;
  return type.startsWith("uint") ? (bytes <= 4 ? Number(word) : BigInt(word)) : word;
}

function structOf(
  type: keyof typeof types,
  fill: "zero" | "max" | "mixed",
  seed: number,
): { [name: string]: Value } {
  return Object.fromEntries(
    types[type].map((field, i) => [field.name, memberOf(field.type, fill, (seed + i) % 200)]),
  );
}

const domains = [
  {
    name: "Hanse Clerk",
    version: "1",
    chainId: 31337n,
    verifyingContract: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
  },
  {
    name: "Hanse Clerk",
    version: "1",
    chainId: 4919n,
    verifyingContract: "0xffffffffffffffffffffffffffffffffffffffff",
  },
] as const;

const decimal = (value: Value): unknown =>
  typeof value === "bigint"
    ? value.toString()
    : typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, decimal(inner)]))
      : value;

const vectors = [];
for (const primaryType of kinds) {
  for (const [index, fill] of (["zero", "mixed", "max"] as const).entries()) {
    const domain = domains[index % 2] ?? domains[0];
    const order = structOf(primaryType, fill, 1);
    const typed = { domain, types, primaryType, message: order } as never;
    vectors.push({
      kind: primaryType,
      domain: { ...domain, chainId: domain.chainId.toString() },
      order: decimal(order),
      structHash: hashStruct({ data: order, types, primaryType } as never),
      domainSeparator: hashDomain({
        domain: domain as never,
        types: {
          EIP712Domain: fields("string name,string version,uint256 chainId,address verifyingContract"),
        },
      }),
      digest: hashTypedData(typed),
      signature: await account.signTypedData(typed),
      raw: order,
    });
  }
}

const out = vectors.map(({ raw: _raw, ...vector }) => vector);
writeFileSync(
  "test/vectors/orders.json",
  `${JSON.stringify({ generatedBy: "scripts/vectors/orders.ts", key: KEY, signer: account.address, vectors: out }, null, 2)}\n`,
);

// Solidity cannot read files without leave of the runner's configuration, so it gets the same as code.
const literal = (type: string, value: Value): string => {
  if (type === "address") return `address(uint160(${value}))`;
  if (type === "bytes32") return `bytes32(${value})`;
  if (type === "bytes") return `hex"${String(value).slice(2)}"`;
  return `0x${BigInt(value as bigint).toString(16)}`;
};
const wrapped: Record<string, string> = { app: "AssetId", dataset: "AssetId", pool: "AssetId" };
const assign = (target: string, type: keyof typeof types, order: { [name: string]: Value }): string[] =>
  types[type].flatMap((field) => {
    const value = order[field.name] as Value;
    if (field.type === "Conditions") {
      return assign(`${target}.conditions`, "Conditions", value as { [name: string]: Value });
    }
    const text =
      field.type === "address" ? `address(uint160(${BigInt(String(value))}))` : literal(field.type, value);
    const wrapper =
      field.name.startsWith("only") || field.name === "attesters" ? "Restriction" : wrapped[field.name];
    return [`        ${target}.${field.name} = ${wrapper ? `${wrapper}.wrap(${text})` : text};`];
  });

const functions = vectors.map((vector, i) => {
  const domain = vector.domain;
  return `    function vector${i}() internal pure returns (Vector memory v, ${vector.kind} memory o) {
        v.chain = ${domain.chainId};
        v.clerk = address(uint160(${BigInt(domain.verifyingContract)}));
        v.structHash = ${vector.structHash};
        v.domainSeparator = ${vector.domainSeparator};
        v.digest = ${vector.digest};
        v.signature = hex"${vector.signature.slice(2)}";
${assign("o", vector.kind, vector.raw).join("\n")}
    }
`;
});
writeFileSync(
  "test/contracts/support/OrderVectors.sol",
  `// SPDX-License-Identifier: Apache-2.0
// Generated by scripts/vectors/orders.ts, as test/vectors/orders.json is; do not edit.
pragma solidity ^0.8.28;

import {AssetId, Restriction} from "../../../contracts/types/Ids.sol";
import {${kinds.join(", ")}} from "../../../contracts/types/Orders.sol";

struct Vector {
    uint256 chain;
    address clerk;
    bytes32 structHash;
    bytes32 domainSeparator;
    bytes32 digest;
    bytes signature;
}

library OrderVectors {
    address internal constant SIGNER = ${account.address};

${functions.join("\n")}}
`,
);
