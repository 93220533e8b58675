import fc from "fast-check";
import { bytesToHex, encodeAbiParameters, getAddress, keccak256, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import {
  type Committed,
  packCommitted,
  roundDigest,
  sealOf,
  sealsChain,
  unpackCommitted,
} from "#src/protocol/contributions.ts";

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => bytesToHex(value));
const committed: fc.Arbitrary<Committed> = fc.record({
  seat: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  round: fc.integer({ min: 1, max: 7 }),
  worker: bytes(20).map((hex) => getAddress(hex)),
  seal: bytes(32),
});

describe("a committed seal", () => {
  it("comes back from its packed form as it was", () => {
    fc.assert(
      fc.property(committed, (each) => {
        expect(unpackCommitted(packCommitted(each))).toEqual(each);
      }),
    );
  });

  it("packs the worker lowest, then the seat, then the round", () => {
    const worker = getAddress(`0x${"11".repeat(20)}`);
    const { by } = packCommitted({ seat: 0x22334455, round: 6, worker, seal: zeroHash });
    expect(by).toBe(`0x${"00".repeat(7)}06${"22334455"}${"11".repeat(20)}`);
  });
});

describe("sealsChain", () => {
  it("is zero for none, and another for any other order or seal", () => {
    expect(sealsChain([])).toBe(`0x${"00".repeat(19)}`);
    fc.assert(
      fc.property(committed, committed, (a, b) => {
        fc.pre(a.seal !== b.seal);
        const chains = [sealsChain([a, b]), sealsChain([b, a]), sealsChain([a]), sealsChain([a, a])];
        expect(new Set(chains).size).toBe(4);
      }),
    );
  });
});

describe("a seal", () => {
  it("is worth nothing in another's hand, in another round, or for another task", () => {
    const [worker, other] = [getAddress(`0x${"11".repeat(20)}`), getAddress(`0x${"12".repeat(20)}`)];
    const [task, result] = [keccak256("0x01"), keccak256("0x02")];
    const seal = sealOf(worker, roundDigest(1, task, result));
    expect(sealOf(other, roundDigest(1, task, result))).not.toBe(seal);
    expect(sealOf(worker, roundDigest(2, task, result))).not.toBe(seal);
    expect(sealOf(worker, roundDigest(1, keccak256("0x03"), result))).not.toBe(seal);
    const word = { type: "bytes32" } as const;
    const digest = keccak256(encodeAbiParameters([{ type: "uint8" }, word, word], [1, task, result]));
    expect(seal).toBe(keccak256(encodeAbiParameters([{ type: "address" }, word], [worker, digest])));
  });
});
