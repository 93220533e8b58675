import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { SchedulerOptions } from "#src/pool/scheduler.ts";
import type { Result } from "#src/protocol/contributions.ts";
import { startTestPostgres } from "../store/test-database.ts";
import type { FakePoco } from "./fake-poco.ts";
import {
  contributionOf,
  dealOf,
  digestOf,
  rightResult,
  startTestScheduler,
  type TestScheduler,
  wrongResult,
} from "./scheduler-fixture.ts";

// Given a task of trust 5 whose round 1 (blocks 101 to 121) drew seats 0, 1 and 2, the scheduler
// - waits for the seed, then for answers
// - commits when all have answered, or what there is in the last 3 blocks; one by one when the batch is refused
// - opens the next round when nobody can be sure: after 10 blocks if all is told, after 20 if not
// - claims after the deadline, and goes on where another was killed

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

async function given(options: Partial<SchedulerOptions> = {}, poco?: FakePoco, url?: string) {
  const database = url ?? (await postgres.fresh());
  const test = await startTestScheduler(database, options, poco);
  onTestFinished(() => test.stop());
  return { test, database };
}

async function givenTask(change = {}) {
  const { test, database } = await given();
  test.fake.state.draw = [0, 1, 2];
  test.fake.state.head = 102n;
  const id = await test.seal(dealOf(change));
  await test.scheduler.reconcile(id);
  return { test, id, database };
}

const mined = (test: TestScheduler) => test.fake.mined.map(({ what }) => what);

async function answer(test: TestScheduler, id: `0x${string}`, seat: number, result: Result = rightResult) {
  const account = test.accounts[seat];
  if (account === undefined) throw new Error(`no account ${seat}`);
  await test.client.contribute(id, await contributionOf(account, id, seat, result));
}

async function at(test: TestScheduler, id: `0x${string}`, head: bigint) {
  test.fake.state.head = head;
  await test.scheduler.reconcile(id);
}

describe("the scheduler", () => {
  it("waits while nobody is drawn", async () => {
    const { test } = await given();
    const id = await test.seal(dealOf());
    await at(test, id, 100n);
    expect((await test.client.task(id)).says).toContain("Waiting for block 101");
    expect(await test.client.tasksOf(test.accounts[0]?.address ?? "0x")).toEqual([]);
  });

  it("commits nothing while answers are missing and there is time", async () => {
    const { test, id } = await givenTask();
    for (const seat of [0, 1]) await answer(test, id, seat);
    await at(test, id, 114n);
    expect(mined(test)).toEqual([]);
  });

  it("commits all at once when the last has answered", async () => {
    const { test, id } = await givenTask();
    for (const seat of [0, 1, 2]) await answer(test, id, seat);
    await test.scheduler.reconcile(id);
    expect(test.fake.mined).toEqual([{ what: "commit", seats: [0, 1, 2] }]);
  });

  it("commits what there is when the window is nearly over, and who comes later still", async () => {
    const { test, id } = await givenTask();
    await answer(test, id, 1);
    await at(test, id, 115n);
    await answer(test, id, 2);
    await at(test, id, 116n);
    expect(test.fake.mined).toEqual([
      { what: "commit", seats: [1] },
      { what: "commit", seats: [2] },
    ]);
  });

  it("commits one by one when the contract refuses the batch", async () => {
    const { test, id } = await givenTask();
    test.fake.refuses.set("commit", [1]);
    for (const seat of [0, 1, 2]) await answer(test, id, seat);
    await test.scheduler.reconcile(id);
    const seats = test.fake.mined.flatMap((each) => each.seats ?? []);
    expect(seats.toSorted()).toEqual([0, 2]);
  });

  it("opens the next round after the grace when all is told and nobody is sure", async () => {
    const { test, id } = await givenTask();
    for (const seat of [0, 1, 2]) await answer(test, id, seat, seat === 2 ? wrongResult : rightResult);
    await test.scheduler.reconcile(id);
    await at(test, id, 122n);
    for (const [seat, result] of [rightResult, rightResult, wrongResult].entries()) {
      await test.client.disclose(id, digestOf(test.accounts[seat] as never, id, result));
    }
    await at(test, id, 130n);
    expect(mined(test)).toEqual(["commit"]);
    await at(test, id, 131n);
    expect(mined(test)).toEqual(["commit", "extend"]);
  });

  it("has patience with those who may know a sure result, and then draws others", async () => {
    const { test, id } = await givenTask();
    for (const seat of [0, 1, 2]) await answer(test, id, seat);
    await test.scheduler.reconcile(id);
    await at(test, id, 140n);
    expect(mined(test)).toEqual(["commit"]);
    await at(test, id, 141n);
    expect(mined(test)).toEqual(["commit", "extend"]);
  });

  it("draws again when nobody has come at all", async () => {
    const { test, id } = await givenTask();
    await at(test, id, 131n);
    expect(mined(test)).toEqual(["extend"]);
  });

  it("asks the workers of the second round once it is drawn", async () => {
    const { test, id } = await givenTask();
    for (const seat of [0, 1, 2]) await answer(test, id, seat);
    await test.scheduler.reconcile(id);
    test.fake.set(id, { round: 2, seedBlock: 133n });
    test.fake.state.draw = [0, 1, 2, 5, 6, 7];
    await at(test, id, 134n);
    const tasksOf = async (seat: number) => test.client.tasksOf(test.accounts[seat]?.address ?? "0x");
    expect(await tasksOf(6)).toMatchObject([{ step: "compute", round: 2, seat: 6 }]);
    expect(await tasksOf(1)).toMatchObject([{ step: "disclose", round: 1, seat: 1 }]);
  });

  it("keeps the seed before the chain forgets it, once", async () => {
    const { test, id } = await givenTask({ frozen: dealOf().frozen.replace("00000064", "00010000") });
    await at(test, id, 230n);
    await at(test, id, 231n);
    expect(mined(test).filter((what) => what === "record 101")).toHaveLength(1);
  });

  it("claims a task that nobody certified in time", async () => {
    const { test, id } = await givenTask();
    await answer(test, id, 1);
    await at(test, id, 119n);
    await at(test, id, 201n);
    await test.scheduler.reconcile(id);
    expect(test.fake.mined.at(-1)).toEqual({ what: "claim", seats: [1] });
    expect((await test.client.task(id)).status).toBe("claimed");
  });

  it("goes on where it was killed", async () => {
    const { test, id, database } = await givenTask();
    for (const seat of [0, 1]) await answer(test, id, seat);
    // Another process on the same database: it knows what the first one took.
    const { test: second } = await given({}, test.fake, database);
    const third = test.accounts[2];
    if (third === undefined) throw new Error("no third account");
    await second.client.contribute(id, await contributionOf(third, id, 2, rightResult));
    await second.scheduler.reconcile(id);
    expect(test.fake.mined).toEqual([{ what: "commit", seats: [0, 1, 2] }]);
  });
});

describe("a task of trust 1", () => {
  it("goes to a connected worker, to another when that one is gone, and is completed with the signed result", async () => {
    const { test } = await given();
    const [first, second] = test.accounts;
    if (first === undefined || second === undefined) throw new Error("no accounts");
    const id = await test.seal(dealOf({ trust: 1 }));
    await at(test, id, 101n);
    expect((await test.client.task(id)).says).toBe("Waiting for a worker with a free slot.");

    await connect(test, first.address);
    await test.scheduler.reconcile(id);
    expect(await test.client.tasksOf(first.address)).toMatchObject([
      { step: "compute", round: 0, seat: null },
    ]);

    await test.clock.advance(31_000);
    await connect(test, second.address);
    await test.scheduler.reconcile(id);
    expect(await test.client.tasksOf(first.address)).toEqual([]);

    const { signature } = await contributionOf(second, id, 0, rightResult, 0);
    const post = { worker: second.address, result: rightResult };
    const refused = expect.objectContaining({ code: "HANSE_CONTRIBUTION_INVALID" });
    await expect(test.client.reveal(id, post)).rejects.toEqual(refused);
    await expect(test.client.reveal(id, { ...post, result: wrongResult, signature })).rejects.toEqual(
      refused,
    );
    await expect(test.client.reveal(id, { ...post, worker: first.address, signature })).rejects.toEqual(
      refused,
    );
    await test.client.reveal(id, { ...post, signature });
    await test.scheduler.reconcile(id);
    expect(test.fake.mined).toContainEqual({ what: "complete", worker: second.address, result: rightResult });
  });
});

/** As a hello does; signatures are the API's business. */
async function connect(test: TestScheduler, address: `0x${string}`): Promise<void> {
  const row = { slots: 1, seen_at: new Date(test.clock.now()), unreplicated: true };
  await test.database.kysely
    .insertInto("workers")
    .values({ address, ...row })
    .onConflict((at) => at.column("address").doUpdateSet(row))
    .execute();
}
