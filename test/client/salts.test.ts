import { expect, it } from "vitest";
import { createSalts } from "#src/client/salts.ts";

it("counts on from the first of eight that share a slot, each counter from elsewhere", () => {
  const [next, other] = [createSalts(), createSalts()];
  const salts = Array.from({ length: 20 }, () => BigInt(next()));
  expect((salts[0] ?? 1n) % 8n).toBe(0n);
  expect(salts.map((salt) => salt - (salts[0] ?? 0n))).toEqual(salts.map((_, i) => BigInt(i)));
  expect(other()).toMatch(/^0x[0-9a-f]{64}$/);
  expect(salts).not.toContain(BigInt(other()));
});
