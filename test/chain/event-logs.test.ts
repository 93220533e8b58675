import {
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  type Log,
  parseEventLogs,
  zeroAddress,
} from "viem";
import { expect, it } from "vitest";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { readEventLogs } from "#src/chain/event-logs.ts";

const someone = "0x00000000000000000000000000000000000000aa";

function log(topics: readonly Hex[], data: Hex): Log {
  return { address: zeroAddress, topics, data, blockNumber: 1n, logIndex: 0 } as unknown as Log;
}

const transfer = log(
  encodeEventTopics({
    abi: tokenAbi,
    eventName: "Transfer",
    args: { from: zeroAddress, to: someone },
  }) as Hex[],
  encodeAbiParameters([{ type: "uint256" }], [5n]),
);

it("leaves out what is no event of the contract, has no topic, or cannot be decoded", () => {
  expect(readEventLogs(pocoAbi, [transfer])).toEqual([]);
  expect(readEventLogs(tokenAbi, [log([], "0x")])).toEqual([]);
  expect(readEventLogs(tokenAbi, [log(transfer.topics, "0x")])).toEqual([]);
});

it("reads what viem reads, in order", () => {
  const logs = [transfer, log([transfer.topics[0] ?? "0x"], "0x"), transfer];
  const read = readEventLogs(tokenAbi, logs);
  expect(read).toHaveLength(2);
  expect(read).toEqual(parseEventLogs({ abi: tokenAbi, logs }));
  expect(read[0]).toMatchObject({ eventName: "Transfer", args: { to: expect.any(String), value: 5n } });
});
