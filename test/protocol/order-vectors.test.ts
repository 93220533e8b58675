import { domainSeparator, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { recoverSigner } from "#src/crypto/recover.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import file from "../vectors/orders.json" with { type: "json" };
import { vectorOrder } from "./vector-order.ts";

describe("the vectors that Solidity, the wallet library and we share", () => {
  it("cover every kind of order", () => {
    const kinds = new Set(file.vectors.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(Object.values(PRIMARY_TYPES).sort());
  });

  it.each(file.vectors.map((vector, i) => [i, vector.kind, vector] as const))("%i, %s", (_, kind, vector) => {
    const order = vectorOrder(kind, vector.order);
    const chainId = Number(vector.domain.chainId);
    const clerk = vector.domain.verifyingContract as Hex;
    expect(orderHash(order)).toBe(vector.structHash);
    expect(domainSeparator({ domain: clerkDomain(chainId, clerk) })).toBe(vector.domainSeparator);
    const digest = orderDigest(orderHash(order), chainId, clerk);
    expect(digest).toBe(vector.digest);
    expect(recoverSigner(digest, vector.signature as Hex)).toBe(file.signer);
  });
});
