import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { idOfDeal } from "#src/protocol/deals.ts";
import { startTestPostgres } from "../store/test-database.ts";
import {
  blockAt,
  contributionOf,
  dealOf,
  digestOf,
  ORDER,
  rightResult,
  startTestScheduler,
  type TestScheduler,
  TX,
  wrongResult,
} from "./scheduler-fixture.ts";

// Given a task of trust 5 for which seats 0, 1 and 2 are drawn, the pool tells
// - nothing of workers it never heard of
// - who was told to compute and when it answered; who let the round go by; who contradicts itself; who does not disclose
// - what the chain took from whom and gave to whom
// - what the task still takes, and all that happened, by task and by worker
// and forgets old entries of settled tasks alone; a worker that let a task down is named after those that did not

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let test: TestScheduler;
let id: `0x${string}`;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  test = await startTestScheduler(await postgres.fresh(), { logRetentionMs: 60_000 });
  test.fake.state.draw = [0, 1, 2];
  test.fake.state.head = 102n;
  id = await test.seal(dealOf());
  await test.scheduler.reconcile(id);
});
afterEach(() => test.stop());

const account = (seat: number) => {
  const found = test.accounts[seat];
  if (found === undefined) throw new Error(`no account ${seat}`);
  return found;
};
const standing = (seat: number) => test.client.worker(account(seat).address);
const answer = async (seat: number, result = rightResult) =>
  test.client.contribute(id, await contributionOf(account(seat), id, seat, result));
const at = async (head: bigint) => {
  test.fake.state.head = head;
  return test.scheduler.reconcile(id);
};

describe("of workers", () => {
  it("nothing is told that nobody ever heard of", async () => {
    await expect(test.client.worker(account(7).address)).rejects.toMatchObject({
      code: "HANSE_WORKER_UNKNOWN",
    });
    expect((await test.client.workers()).map(({ address }) => address).toSorted()).toEqual(
      [0, 1, 2].map((seat) => account(seat).address).toSorted(),
    );
  });

  it("hand-outs and answers are counted once, and timed", async () => {
    for (let time = 0; time < 2; time++) await test.client.tasksOf(account(0).address);
    expect(await standing(0)).toMatchObject({ handOuts: 1, answers: 0, connected: false });
    await test.clock.advance(1_500);
    for (let time = 0; time < 2; time++) await answer(0);
    expect(await standing(0)).toMatchObject({ handOuts: 1, answers: 1, medianAnswerMs: 1_500, faults: {} });
    const metrics = await test.metrics.metrics();
    expect(metrics).toMatch(/pool_hand_outs_total\{service="pool"\} 1\n/);
    expect(metrics).toMatch(/pool_answers_total\{service="pool"\} 1\n/);
  });

  it("those are marked who stay silent, contradict themselves, or do not disclose", async () => {
    await answer(0);
    await expect(answer(0, wrongResult)).rejects.toMatchObject({ code: "HANSE_CONTRIBUTION_INVALID" });
    await answer(1);
    await at(118n);
    for (let look = 0; look < 2; look++) await at(122n);
    await test.client.disclose(id, digestOf(account(0), id, rightResult));
    expect((await standing(1)).faults).toEqual({});
    await at(131n);
    expect((await standing(0)).faults).toEqual({ contradiction: 1 });
    expect((await standing(1)).faults).toEqual({ undisclosed: 1 });
    expect((await standing(2)).faults).toEqual({ silent: 1 });
    expect((await standing(2)).log).toMatchObject([
      { taskId: id, worker: account(2).address, entry: `${account(2).address} did not answer in time` },
    ]);
    expect(await test.metrics.metrics()).toMatch(
      /pool_worker_faults_total\{fault="silent",service="pool"\} 1\n/,
    );
  });

  it("the chain's verdicts count", async () => {
    const [right, wrong, missed] = [0, 1, 2].map((seat) => account(seat).address);
    if (right === undefined || wrong === undefined || missed === undefined) throw new Error("no accounts");
    const about = { taskId: id, tx: TX };
    const rewards = [{ worker: right, amountNano: 8n, score: 1 }];
    await test.follow.apply({
      ...blockAt(125n),
      events: [
        { ...about, type: "worker-slashed", worker: wrong, paid: 5n, forfeited: 95n },
        { ...about, type: "place-missed", worker: missed, fine: 3n },
        { ...about, type: "certified", content: rightResult.content, rewards },
      ],
    });
    expect(await standing(0)).toMatchObject({ right: 1, wrong: 0, earnedNano: 8n, lostNano: 0n });
    expect(await standing(1)).toMatchObject({ wrong: 1, lostNano: 100n });
    expect(await standing(2)).toMatchObject({ missed: 1, lostNano: 3n });
    // Price 5 and spoils 5, without the rewards; the stake of 1 is back.
    expect(await test.client.dealAccount(idOfDeal(dealOf()))).toMatchObject({
      ...{ incomeNano: 2n, profitNano: 2n, spoilsNano: 5n, finesNano: 3n, order: ORDER },
      ...{ stakeLockedNano: 1n, stakeReturnedNano: 1n, stakeHeldNano: 0n, transactions: 0, costWei: 0n },
    });
    await test.follow.rewind({ number: 124n, hash: blockAt(124n).block.hash });
    await test.scheduler.reconcile(id);
    expect(await standing(1)).toMatchObject({ wrong: 0, lostNano: 0n });
  });

  it("who let a task down is named last", async () => {
    const one = await test.seal(dealOf({ trust: 1, requestId: `0x${"cd".repeat(32)}` }));
    const connect = (seat: number, slots: number) => {
      const row = { slots, seen_at: new Date(test.clock.now()), unreplicated: true };
      const insert = test.database.kysely
        .insertInto("workers")
        .values({ address: account(seat).address, ...row });
      return insert.onConflict((known) => known.column("address").doUpdateSet(row)).execute();
    };
    const named = async (task: `0x${string}`) => {
      await test.scheduler.reconcile(task);
      const rows = await test.database.kysely
        .selectFrom("tasks")
        .selectAll()
        .where("id", "=", task)
        .execute();
      return rows[0]?.assigned_to;
    };
    await connect(3, 9);
    expect(await named(one)).toBe(account(3).address);
    await test.clock.advance(31_000);
    await connect(4, 1);
    expect(await named(one)).toBe(account(4).address);
    expect((await standing(3)).faults).toEqual({ late: 1 });
    await connect(3, 9);
    await connect(5, 2);
    const two = await test.seal(dealOf({ trust: 1, requestId: `0x${"ef".repeat(32)}` }));
    expect(await named(two)).toBe(account(5).address);
  });
});

describe("of the task", () => {
  it("what it still takes, while workers answer", async () => {
    const before = (await test.client.task(id)).forecast;
    expect(before).toMatchObject({ sealsNeeded: 3, inRound: 1 });
    for (const seat of [0, 1]) await answer(seat);
    await at(103n);
    const after = (await test.client.task(id)).forecast;
    expect(after?.thisRound).toBeGreaterThan(before?.thisRound ?? 1);
    expect(await test.metrics.metrics()).toMatch(/pool_forecast_seals\{service="pool"\} 3\n/);
    await answer(2);
    await at(104n);
    await test.client.task(id);
    test.fake.set(id, { status: 1 });
    await at(105n);
    expect((await test.client.task(id)).forecast).toBeUndefined();
  });

  it("what happened, by task and by worker, page by page", async () => {
    await test.client.tasksOf(account(0).address);
    for (const seat of [0, 1, 2]) await answer(seat);
    const { entries } = await test.client.log({ task: id });
    expect(entries.map(({ entry }) => entry).toReversed()).toEqual([
      `${account(0).address} was told to compute for round 1`,
      ...[0, 1, 2].map((seat) => `${account(seat).address} answered`),
    ]);
    expect((await test.client.task(id)).timeline[0]).toMatchObject({ entry: "sealed", tx: TX, block: "100" });
    const own = await test.client.log({ worker: account(0).address, limit: 1 });
    expect(own.entries).toMatchObject([{ entry: `${account(0).address} answered` }]);
    const rest = await test.client.log({ worker: account(0).address, limit: 5, before: own.next ?? "" });
    expect(rest.entries).toHaveLength(1);
    expect(rest.next).toBeUndefined();
    expect(await test.client.tasks({ order: ORDER })).toHaveLength(1);
    expect(await test.client.tasks({ order: TX })).toEqual([]);
  });

  it("nothing that is old, once it is settled", async () => {
    await answer(0);
    await test.clock.advance(61_000);
    await test.scheduler.prune();
    expect((await test.client.log({ task: id })).entries).toHaveLength(1);
    test.fake.set(id, { status: 1 });
    await test.scheduler.reconcile(id);
    await test.scheduler.prune();
    expect((await test.client.log({ task: id })).entries).toEqual([]);
    expect((await standing(0)).answers).toBe(1);
  });

  it("no account of a deal that is not the pool's", async () => {
    await expect(test.client.dealAccount(TX)).rejects.toMatchObject({ code: "HANSE_DEAL_UNKNOWN" });
    expect((await test.client.account()).total).toMatchObject({ stakeHeldNano: 1n, tasks: { open: 1 } });
    expect((await test.client.account({ from: "2026-01-01", to: "2026-01-02" })).days).toEqual([]);
  });
});
