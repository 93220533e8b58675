import { padHex, toHex } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { idOfDeal, taskId } from "#src/protocol/deals.ts";
import { startTestPostgres } from "../store/test-database.ts";
import {
  blockAt,
  contributionOf,
  dealOf,
  rightResult,
  startTestScheduler,
  type TestScheduler,
  TX,
} from "./scheduler-fixture.ts";

// Given a database that follows a chain, it
// - refuses to follow another pool, certifier or chain
// - stores deals once, with all their tasks
// - forgets what a reorganisation undoes, and keeps signed answers of deals that stand

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let test: TestScheduler;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  test = await startTestScheduler(await postgres.fresh());
});
afterEach(() => test.stop());

const identity = { pool: "0x01", poco: "0x02", genesisHash: "0x03" } as const;
const refAt = (number: bigint) => ({ number, hash: padHex(toHex(number), { size: 32 }) });

const entriesOf = async (id: `0x${string}`) =>
  (await test.client.task(id)).timeline.map(({ entry }) => entry);

describe("the follower's memory", () => {
  it("refuses another pool, certifier or chain", async () => {
    for (const change of [{ pool: "0x09" }, { poco: "0x09" }, { genesisHash: "0x09" }] as const) {
      await expect(test.follow.cursor({ ...identity, ...change })).rejects.toMatchObject({
        code: "HANSE_CHAIN_MISMATCH",
      });
    }
  });

  it("stores a deal once, with all its tasks, and remembers the block", async () => {
    const deal = dealOf({ firstTask: 3, volume: 2_500 });
    for (let time = 0; time < 2; time++) await test.seal(deal);
    expect(await test.client.tasks({ limit: 500 })).toHaveLength(500);
    const { count } = await test.database.kysely
      .selectFrom("tasks")
      .select((all) => all.fn.countAll<bigint>().as("count"))
      .executeTakeFirstOrThrow();
    expect(count).toBe(2_500n);
    expect(await test.client.task(taskId(deal, 2_502))).toMatchObject({
      index: 2_502,
      status: "open",
    });
    expect(await test.follow.cursor(identity)).toEqual(refAt(100n));
  });

  it("forgets deals above a reorganisation", async () => {
    const id = await test.seal(dealOf());
    await test.follow.rewind(refAt(99n));
    await expect(test.client.task(id)).rejects.toMatchObject({ code: "HANSE_TASK_UNKNOWN" });
    expect(await test.follow.cursor(identity)).toEqual(refAt(99n));
  });

  it("takes a verdict back that did not happen, and keeps answers", async () => {
    const id = await test.seal(dealOf());
    test.fake.state.draw = [0, 1, 2];
    test.fake.state.head = 102n;
    await test.scheduler.reconcile(id);
    const [account] = test.accounts;
    if (account === undefined) throw new Error("no account");
    await test.client.contribute(id, await contributionOf(account, id, 0, rightResult));
    test.fake.set(id, { status: 1 });
    await test.scheduler.reconcile(id);
    const certified = { type: "certified", taskId: id, tx: TX, content: rightResult.content } as const;
    const rewards = [{ worker: account.address, amountNano: 4n, score: 1 }];
    await test.follow.apply({ ...blockAt(105n), events: [{ ...certified, rewards }] });
    expect(await entriesOf(id)).toEqual(
      expect.arrayContaining(["sealed", `certified, output ${rightResult.content}`]),
    );
    expect(await test.client.dealAccount(idOfDeal(dealOf()))).toMatchObject({
      incomeNano: 1n,
      rewardsNano: 4n,
    });
    expect(await test.client.worker(account.address)).toMatchObject({ right: 1, earnedNano: 4n });

    await test.follow.rewind(refAt(104n));
    expect(await test.client.task(id)).toMatchObject({ status: "open", round: 0 });
    expect((await entriesOf(id)).some((entry) => entry.startsWith("certified"))).toBe(false);
    expect(await test.client.dealAccount(idOfDeal(dealOf()))).toMatchObject({
      ...{ incomeNano: 0n, stakeHeldNano: 1n, tasks: { open: 1, certified: 0 } },
    });
    expect(await test.client.worker(account.address)).toMatchObject({ right: 0, answers: 1 });
    test.fake.set(id, { status: 0 });
    await test.scheduler.reconcile(id);
    expect((await test.client.task(id)).says).toContain("1 of 3 drawn workers have answered");
  });

  it("forgets everything when the chain began anew", async () => {
    await test.seal(dealOf());
    await test.follow.rewind({ number: 0n, hash: "0x" });
    expect(await test.client.tasks()).toEqual([]);
    expect(await test.follow.cursor(identity)).toBeUndefined();
  });

  it("knows the last blocks that were dealt with, so that a reorganisation is traced after a restart", async () => {
    for (const number of [100n, 101n, 102n, 357n]) {
      await test.follow.apply(blockAt(number));
    }
    // No more than 256 blocks back.
    expect(await test.follow.blocks()).toEqual([refAt(102n), refAt(357n)]);
    await test.follow.rewind(refAt(102n));
    expect(await test.follow.blocks()).toEqual([refAt(102n)]);
    await test.follow.rewind({ number: 0n, hash: "0x" });
    expect(await test.follow.blocks()).toEqual([]);
  });

  it("notes nothing of tasks that are not the pool's", async () => {
    await test.follow.apply({
      ...blockAt(101n),
      events: [{ type: "claimed", taskId: "0x99", tx: TX, slashed: 1n }],
    });
    expect(await test.database.kysely.selectFrom("timeline").selectAll().execute()).toEqual([]);
  });
});
