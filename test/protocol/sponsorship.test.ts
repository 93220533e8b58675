import fc from "fast-check";
import { hashStruct, numberToHex } from "viem";
import { expect, it } from "vitest";
import { SPONSORSHIP_TYPED_DATA, sponsorshipHash } from "#src/protocol/sponsorship.ts";

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hash = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((word) => numberToHex(word, { size: 32 }));

it("a sponsorship is hashed as a wallet library does it", () => {
  fc.assert(
    fc.property(hash, uint64, uint64, uint64, (request, cap, validUntil, epoch) => {
      const data = { request, cap, validUntil, epoch };
      const general = hashStruct({ data, types: SPONSORSHIP_TYPED_DATA, primaryType: "Sponsorship" });
      expect(sponsorshipHash(request, { cap, validUntil, epoch })).toBe(general);
    }),
    { numRuns: 50 },
  );
});
