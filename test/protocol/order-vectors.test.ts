import { domainSeparator, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { recoverSigner } from "#src/crypto/recover.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain, ORDER_TYPED_DATA, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import { ORDER_TYPES, type Order } from "#src/protocol/orders.ts";
import file from "../vectors/orders.json" with { type: "json" };

type Json = string | number | { readonly [name: string]: Json };

/** Reads a vector's JSON by the types of the order: what is wider than 32 bits is a bigint. */
function decode(typeName: keyof typeof ORDER_TYPED_DATA, json: { readonly [name: string]: Json }): object {
  return Object.fromEntries(
    ORDER_TYPED_DATA[typeName].map(({ name, type }) => {
      const value = json[name];
      if (type === "Conditions")
        return [name, decode("Conditions", value as { readonly [name: string]: Json })];
      return [name, type === "uint64" || type === "uint256" ? BigInt(value as string) : value];
    }),
  );
}

describe("the vectors that Solidity, the wallet library and we share", () => {
  it("cover every kind of order", () => {
    const kinds = new Set(file.vectors.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(Object.values(PRIMARY_TYPES).sort());
  });

  it.each(file.vectors.map((vector, i) => [i, vector.kind, vector] as const))("%i, %s", (_, kind, vector) => {
    const type = ORDER_TYPES.find((each) => PRIMARY_TYPES[each] === kind);
    const typeName = kind as keyof typeof ORDER_TYPED_DATA;
    const order = { type, order: decode(typeName, vector.order as never) } as Order;
    const chainId = Number(vector.domain.chainId);
    const clerk = vector.domain.verifyingContract as Hex;
    expect(orderHash(order)).toBe(vector.structHash);
    expect(domainSeparator({ domain: clerkDomain(chainId, clerk) })).toBe(vector.domainSeparator);
    const digest = orderDigest(orderHash(order), chainId, clerk);
    expect(digest).toBe(vector.digest);
    expect(recoverSigner(digest, vector.signature as Hex)).toBe(file.signer);
  });
});
