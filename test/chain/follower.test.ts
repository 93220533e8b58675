import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { type BlockRef, type ChainEvent, followChain } from "#src/chain/follower.ts";
import { createSender } from "#src/chain/sender.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";
import { deployToken } from "../support/deploy-token.ts";

const logger = createLogger({ service: "test", level: "silent" });
const owner = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID);
const payee = accountOfKey(developmentKey(1), DEVELOPMENT_CHAIN_ID).address;

describe("followChain", () => {
  let test: TestChain;
  let token: `0x${string}`;
  beforeAll(async () => {
    test = await startTestChain();
    token = await deployToken(test.rpcUrl);
  });
  afterAll(() => test.stop());

  /** Follows until `enough`, and returns all that came. */
  async function follow(enough: (events: ChainEvent[]) => boolean, cursor?: BlockRef): Promise<ChainEvent[]> {
    const controller = new AbortController();
    const events: ChainEvent[] = [];
    const options = { addresses: [token], startBlock: 1n, cursor, pollMs: 50, signal: controller.signal };
    for await (const event of followChain({ chain: test.chain, logger }, options)) {
      events.push(event);
      if (enough(events)) controller.abort();
    }
    return events;
  }

  const blocks = (events: ChainEvent[]) => events.flatMap((event) => (event.type === "block" ? [event] : []));

  it("tells every block once, in order, each with its own logs", async () => {
    const sender = createSender({ chain: test.chain, account: owner }, { pollMs: 50 });
    const receipt = await sender.send({
      address: token,
      abi: tokenAbi,
      functionName: "transfer",
      args: [payee, 5n],
    });
    const told = blocks(
      await follow((events) => (blocks(events).at(-1)?.block.number ?? 0n) > receipt.blockNumber),
    );
    const numbers = told.map(({ block }) => block.number);
    expect(numbers).toEqual(numbers.map((_, i) => 1n + BigInt(i)));
    for (const [i, { block }] of told.entries())
      if (i > 0) expect(block.parentHash).toBe(told[i - 1]?.block.hash);
    const withTransfer = told.filter(({ logs }) =>
      logs.some((log) => log.transactionHash === receipt.transactionHash),
    );
    expect(withTransfer.map(({ block }) => block.number)).toEqual([receipt.blockNumber]);
  });

  it("goes on behind a cursor without repeating", async () => {
    const first = blocks(await follow((events) => blocks(events).length >= 3));
    const cursor = first[2]?.block;
    expect(cursor).toBeDefined();
    const next = blocks(await follow((events) => blocks(events).length >= 1, cursor));
    expect(next[0]?.block.number).toBe((cursor?.number ?? 0n) + 1n);
  });

  it("tells a reorganisation back to the last common block, and then the new blocks", async () => {
    let reorged = false;
    const head = await test.chain.viem.getBlockNumber();
    const events = await follow((seen) => {
      // Those before were loaded together: from here on each comes as it is mined.
      if (!reorged && (blocks(seen).at(-1)?.block.number ?? 0n) >= head + 3n) {
        reorged = true;
        void test.command("anvil_reorg", [3, []]);
      }
      const at = seen.findIndex(({ type }) => type === "reorg");
      return at >= 0 && blocks(seen.slice(at)).length >= 3;
    });
    const at = events.findIndex(({ type }) => type === "reorg");
    const reorg = events[at];
    const before = blocks(events.slice(0, at));
    const after = blocks(events.slice(at));
    const common = reorg?.type === "reorg" ? reorg.to : undefined;
    expect(before.some(({ block }) => block.number === common?.number && block.hash === common?.hash)).toBe(
      true,
    );
    expect(after[0]?.block.number).toBe((common?.number ?? 0n) + 1n);
    expect(after[0]?.block.parentHash).toBe(common?.hash);
    const replaced = before.filter(({ block }) => block.number > (common?.number ?? 0n));
    expect(replaced.length).toBeGreaterThan(0);
    for (const { block } of replaced)
      expect(after.some((later) => later.block.hash === block.hash)).toBe(false);
  });

  it("notices that the whole chain behind its cursor is another", async () => {
    const foreign = { number: 2n, hash: `0x${"ab".repeat(32)}` as const };
    const [first] = await follow((events) => events.length >= 1, foreign);
    expect(first).toEqual({ type: "reorg", to: { number: 0n, hash: "0x" } });
  });
});
