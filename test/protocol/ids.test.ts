import { AbiCoder, keccak256 } from "ethers";
import { pad } from "viem";
import { expect, it } from "vitest";
import { requestId, unitId } from "#src/protocol/ids.ts";

const coder = AbiCoder.defaultAbiCoder();

it("a unit is named by its request and its index, as a callback is told", () => {
  const requester = pad("0x0a", { size: 20 });
  const salt = pad("0x07", { size: 32 });
  const request = keccak256(coder.encode(["bytes32", "address"], [salt, requester]));
  expect(requestId(requester, salt)).toBe(request);
  expect(unitId(requestId(requester, salt), 3)).toBe(
    keccak256(coder.encode(["bytes32", "uint32"], [request, 3])),
  );
});
