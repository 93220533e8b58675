import {
  type Abi,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  type Log,
  parseEventLogs,
  zeroAddress,
} from "viem";
import { describe, expect, test } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";

const account = "0x00000000000000000000000000000000000000a1";

function log(topics: readonly Hex[], data: Hex = "0x"): Log {
  return {
    ...{ address: zeroAddress, blockHash: `0x${"1".repeat(64)}`, blockNumber: 7n, data, logIndex: 3 },
    ...{
      transactionHash: `0x${"2".repeat(64)}`,
      transactionIndex: 1,
      removed: false,
      topics: topics as [Hex],
    },
  };
}

const topicsOf = (abi: Abi, eventName: string, args: unknown) =>
  encodeEventTopics({ abi, eventName, args } as never) as Hex[];
const transfer = log(
  topicsOf(tokenAbi, "Transfer", { from: zeroAddress, to: account }),
  encodeAbiParameters([{ type: "uint256" }], [5n]),
);
const approval = log(
  topicsOf(tokenAbi, "Approval", { owner: zeroAddress, spender: account }),
  encodeAbiParameters([{ type: "uint256" }], [6n]),
);

describe("logs are decoded", () => {
  test("not where they are of no event of the contract, or of none at all", () => {
    expect(decodeEvents({ abi: clerkAbi, logs: [transfer, log([])] })).toEqual([]);
  });

  test("not where their data is not the event's", () => {
    expect(decodeEvents({ abi: tokenAbi, logs: [{ ...transfer, data: "0x05" }] })).toEqual([]);
  });

  test("as viem does, in their order", () => {
    const logs = [approval, transfer, approval];
    const decoded = decodeEvents({ abi: tokenAbi, logs });
    expect(decoded).toHaveLength(3);
    expect(decoded).toEqual(parseEventLogs({ abi: tokenAbi, logs }));
  });

  test("of one event only, where it is named", () => {
    const decoded = decodeEvents({ abi: tokenAbi, eventName: "Transfer", logs: [approval, transfer] });
    expect(decoded.map(({ args, blockNumber }) => ({ args, blockNumber }))).toEqual([
      {
        args: { from: zeroAddress, to: "0x00000000000000000000000000000000000000A1", value: 5n },
        blockNumber: 7n,
      },
    ]);
  });
});
