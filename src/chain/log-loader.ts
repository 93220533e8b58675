import type { Address, Log } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { AgreedReads } from "./agreement.ts";
import type { ChainBlock } from "./block.ts";
import { failureOf } from "./endpoint-failure.ts";

export interface LoadedBlock {
  readonly block: ChainBlock;
  readonly logs: readonly Log[];
}

export interface LogLoader {
  /** The next blocks up to the head, all of them; some at once. */
  blocks(from: bigint, head: ChainBlock): Promise<LoadedBlock[]>;
  /** Those of the blocks from `from` on that have logs of interest, and the last one looked at, which is `to` at most. */
  range(from: bigint, to: bigint): Promise<LoadedBlock[]>;
}

const AT_ONCE = 20n;
const LARGEST_RANGE = 2_000n;

export function createLogLoader(agreed: AgreedReads, addresses: readonly Address[]): LogLoader {
  const address = [...addresses];
  let size = LARGEST_RANGE;

  async function blockAt(number: bigint): Promise<ChainBlock> {
    const block = await agreed.blockAt(number);
    if (block !== undefined) return block;
    throw new HanseError("HANSE_RPC_UNAVAILABLE", `block ${number} is not there yet`);
  }

  /** Logs of as many blocks as the node is willing to tell at once. */
  async function logsFrom(
    from: bigint,
    last: bigint,
  ): Promise<{ readonly to: bigint; readonly logs: Log[] }> {
    for (;;) {
      const to = from + size - 1n < last ? from + size - 1n : last;
      try {
        const logs = await agreed.logs({ address, fromBlock: from, toBlock: to });
        size = size * 2n < LARGEST_RANGE ? size * 2n : LARGEST_RANGE;
        return { to, logs };
      } catch (error) {
        size = (to - from + 1n) / 2n || 1n;
        // Too many results, or more blocks than the node looks through; anything else is waited out by the caller.
        if (to === from || failureOf(error, "eth_getLogs").type !== "refused") throw error;
      }
    }
  }

  return {
    async blocks(from, head) {
      const to = from + AT_ONCE - 1n < head.number ? from + AT_ONCE - 1n : head.number;
      const numbers = Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
      const blocks = await Promise.all(
        numbers.map((number) => (number === head.number ? head : blockAt(number))),
      );
      // By hash, so that the logs are surely those of this very block.
      return await Promise.all(
        blocks.map(async (block) => ({ block, logs: await agreed.logs({ address, blockHash: block.hash }) })),
      );
    },

    async range(from, last) {
      const { to, logs } = await logsFrom(from, last);
      const numbers = [...new Set([...logs.map((log) => log.blockNumber ?? to), to])];
      const blocks = await Promise.all(numbers.sort((a, b) => (a < b ? -1 : 1)).map(blockAt));
      return blocks.map((block) => {
        const own = logs.filter((log) => log.blockNumber === block.number);
        if (own.every(({ blockHash }) => blockHash === block.hash)) return { block, logs: own };
        throw new HanseError(
          "HANSE_RPC_UNAVAILABLE",
          `block ${block.number} became another while it was read`,
        );
      });
    },
  };
}
