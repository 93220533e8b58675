import { encodeAbiParameters, keccak256 } from "viem";
import { expect, it } from "vitest";
import { termsHash } from "#src/protocol/terms.ts";

it("terms are the hash of who checks and what", () => {
  const [checker, data] = [`0x${"c1".repeat(20)}`, "0x1234"] as const;
  const encoded = encodeAbiParameters([{ type: "address" }, { type: "bytes" }], [checker, data]);
  expect(termsHash({ checker, data })).toBe(keccak256(encoded));
  expect(termsHash({ checker, data: "0x" })).not.toBe(termsHash({ checker, data }));
});
