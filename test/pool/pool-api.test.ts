import { type LocalAccount, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HELLO_TYPED_DATA, type Hello } from "#src/client/pool-schema.ts";
import { pocoDomain } from "#src/protocol/contributions.ts";
import { startTestPostgres } from "../store/test-database.ts";
import {
  contributionOf,
  dealOf,
  digestOf,
  POOL,
  rightResult,
  startTestScheduler,
  type TestScheduler,
  wrongResult,
} from "./scheduler-fixture.ts";

// Over HTTP, on a real database. Seats 0, 1 and 2 are drawn for a task of trust 5.
// The scheduler refuses
// - a hello that is expired, valid for too long, or signed by another
// - a contribution of an unknown task, an undrawn seat, another's seat, a bad signature, a contradiction, a closed round
// - a digest before the round closed, without a seal on the chain, or of another answer
// - a result before the round closed, that nobody sealed, that is not sure enough, whose output is missing
// and takes what is right, twice

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let test: TestScheduler;
let id: `0x${string}`;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  test = await startTestScheduler(await postgres.fresh());
  test.fake.state.draw = [0, 1, 2];
  test.fake.state.head = 102n;
  id = await test.seal(dealOf());
  await test.scheduler.reconcile(id);
});
afterEach(() => test.stop());

const code = (expected: string) => expect.objectContaining({ code: expected });
const account = (seat: number) => {
  const found = test.accounts[seat];
  if (found === undefined) throw new Error(`no account ${seat}`);
  return found;
};

const hello = (seat: number, change: Partial<Hello> = {}) => helloOf(account(seat), change);

async function helloOf(worker: LocalAccount, change: Partial<Hello> = {}): Promise<Hello> {
  const body = {
    worker: worker.address,
    slots: 2,
    expiresAt: test.clock.now() / 1000 + 60,
    ...change,
  };
  const signature = await worker.signTypedData({
    domain: pocoDomain(31_337, test.fake.chain.poco),
    types: HELLO_TYPED_DATA,
    primaryType: "Hello",
    message: { ...body, pool: POOL, expiresAt: BigInt(body.expiresAt) },
  });
  return { ...body, signature, ...change };
}

/** Seats 0 to 2 answer; the round closes with their seals on the chain. */
async function closeRound(results = [rightResult, rightResult, rightResult]): Promise<void> {
  for (const [seat, result] of results.entries()) {
    await test.client.contribute(id, await contributionOf(account(seat), id, seat, result));
  }
  await test.scheduler.reconcile(id);
  test.fake.set(id, { completedAt: 103n });
  test.fake.state.head = 103n;
  await test.scheduler.reconcile(id);
}

describe("refuses a hello that", () => {
  it("is expired or valid for too long", async () => {
    const now = test.clock.now() / 1000;
    for (const expiresAt of [now, now + 901]) {
      await expect(test.client.hello(await hello(0, { expiresAt }))).rejects.toEqual(
        code("HANSE_CONTRIBUTION_INVALID"),
      );
    }
  });

  it("is signed by another, or for other slots", async () => {
    const good = await hello(0);
    for (const change of [{ worker: account(1).address }, { slots: 3 }]) {
      await expect(test.client.hello({ ...good, ...change })).rejects.toEqual(
        code("HANSE_CONTRIBUTION_INVALID"),
      );
    }
    await expect(test.client.hello({ ...good, slots: 0 })).rejects.toEqual(code("HANSE_REQUEST_INVALID"));
  });
});

describe("refuses a contribution", () => {
  const contribute = (change: object = {}, seat = 0) =>
    contributionOf(account(seat), id, seat, rightResult).then((good) =>
      test.client.contribute(id, { ...good, ...change }),
    );

  it("to an unknown task, or none", async () => {
    const good = await contributionOf(account(0), id, 0, rightResult);
    const other = `0x${"99".repeat(32)}` as const;
    await expect(test.client.contribute(other, good)).rejects.toEqual(code("HANSE_TASK_UNKNOWN"));
    await expect(test.client.contribute("0x12", good)).rejects.toEqual(code("HANSE_REQUEST_INVALID"));
  });

  it("of a seat that was not drawn, or is another's", async () => {
    await expect(contribute({}, 5)).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
    await expect(contribute({ seat: 1 })).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
  });

  it("that its worker did not sign as it stands", async () => {
    const other = await contributionOf(account(1), id, 0, rightResult);
    await expect(contribute({ signature: other.signature })).rejects.toEqual(
      code("HANSE_CONTRIBUTION_INVALID"),
    );
    await expect(contribute({ seal: other.seal })).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
    await expect(contribute({ signature: "0x12" })).rejects.toEqual(code("HANSE_REQUEST_INVALID"));
  });

  it("that contradicts an earlier one", async () => {
    await contribute();
    const second = await contributionOf(account(0), id, 0, wrongResult);
    await expect(test.client.contribute(id, second)).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
  });

  it("to a round that is not there yet, or is closed", async () => {
    const early = await contributionOf(account(0), id, 0, rightResult, 2);
    await expect(test.client.contribute(id, early)).rejects.toEqual(code("HANSE_NOT_READY"));
    await closeRound([rightResult, rightResult]);
    const late = await contributionOf(account(2), id, 2, rightResult);
    await expect(test.client.contribute(id, late)).rejects.toEqual(code("HANSE_ROUND_CLOSED"));
  });
});

describe("refuses a digest", () => {
  it("before the round has closed", async () => {
    await test.client.contribute(id, await contributionOf(account(0), id, 0, rightResult));
    await expect(test.client.disclose(id, digestOf(account(0), id, rightResult))).rejects.toEqual(
      code("HANSE_ROUND_OPEN"),
    );
  });

  it("of who has no seal on the chain, or another one", async () => {
    await closeRound([rightResult, rightResult]);
    await expect(test.client.disclose(id, digestOf(account(2), id, rightResult))).rejects.toEqual(
      code("HANSE_CONTRIBUTION_INVALID"),
    );
    await expect(test.client.disclose(id, digestOf(account(0), id, wrongResult))).rejects.toEqual(
      code("HANSE_CONTRIBUTION_INVALID"),
    );
  });
});

describe("refuses a result", () => {
  const reveal = (result = rightResult) => test.client.reveal(id, { worker: account(0).address, result });

  it("before the round has closed", async () => {
    await expect(reveal()).rejects.toEqual(code("HANSE_ROUND_OPEN"));
  });

  it("that nobody sealed, or not enough", async () => {
    await closeRound([rightResult, rightResult, wrongResult]);
    await expect(reveal({ ...rightResult, outcome: 7 })).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
    await expect(reveal()).rejects.toEqual(code("HANSE_CONTRIBUTION_INVALID"));
  });

  it("whose output was not uploaded", async () => {
    await closeRound();
    test.contents.clear();
    await expect(reveal()).rejects.toEqual(code("HANSE_CONTENT_NOT_FOUND"));
  });
});

describe("takes", () => {
  it("each thing twice, and finalizes once", async () => {
    const twice = async (post: () => Promise<unknown>) => {
      await post();
      await post();
    };
    const contribution = await contributionOf(account(0), id, 0, rightResult);
    await twice(() => test.client.contribute(id, contribution));
    await closeRound();
    await twice(() => test.client.disclose(id, digestOf(account(0), id, rightResult)));
    await test.client.reveal(id, { worker: account(0).address, result: rightResult });
    await test.scheduler.reconcile(id);
    await test.scheduler.reconcile(id);
    expect(test.fake.mined.map(({ what }) => what)).toEqual(["commit", "finalize"]);
    expect(await test.client.task(id)).toMatchObject({ status: "certified", trust: 5, round: 1 });
    await expect(test.client.reveal(id, { worker: account(0).address, result: rightResult })).rejects.toEqual(
      code("HANSE_ROUND_CLOSED"),
    );
    expect(await test.metrics.metrics()).toMatch(
      /pool_finalized_total\{outcome="certified",service="pool"\} 1/,
    );
  });

  it("a bag of more tasks than a call takes arguments", () => {
    const bag = Array.from({ length: 200_000 }, (_, at) => numberToHex(at, { size: 32 }));
    test.scheduler.pause();
    expect(() => test.scheduler.onBlock(103n, bag)).not.toThrow();
  });

  it("a stranger's hello, and keeps nothing of it", async () => {
    const stranger = privateKeyToAccount(generatePrivateKey());
    expect(await test.client.hello(await helloOf(stranger))).toEqual({ seat: null, unreplicated: false });
    await expect(test.client.worker(stranger.address)).rejects.toEqual(code("HANSE_WORKER_UNKNOWN"));
  });

  it("a hello, and tells what to do step by step", async () => {
    expect(await test.client.hello(await hello(0))).toEqual({ seat: 0, unreplicated: true });
    const stepOf = async (seat: number) => (await test.client.tasksOf(account(seat).address))[0]?.step;
    expect(await test.client.tasksOf(account(0).address)).toMatchObject([
      { taskId: id, index: 0, round: 1, seat: 0, step: "compute" },
    ]);
    expect(await test.client.tasksOf(account(5).address)).toEqual([]);
    await test.client.contribute(id, await contributionOf(account(0), id, 0, rightResult));
    expect(await stepOf(0)).toBe("wait");
    await closeRound();
    expect(await stepOf(0)).toBe("disclose");
    for (const seat of [0, 1]) await test.client.disclose(id, digestOf(account(seat), id, rightResult));
    await test.scheduler.reconcile(id);
    // One is asked first; the next when it stays silent.
    expect([await stepOf(0), await stepOf(1), await stepOf(2)]).toEqual(["reveal", "wait", "disclose"]);
    await test.clock.advance(5_000);
    expect([await stepOf(0), await stepOf(1)]).toEqual(["reveal", "reveal"]);
    await test.client.reveal(id, { worker: account(1).address, result: rightResult });
    await test.scheduler.reconcile(id);
    await test.scheduler.reconcile(id);
    expect(await stepOf(0)).toBe("done");
  });

  it("questions about the pool and its tasks", async () => {
    expect(await test.client.pool()).toMatchObject({ pool: "0x01", terms: { seatStake: "1" } });
    expect(await test.client.tasks({ status: "open" })).toMatchObject([{ taskId: id, status: "open" }]);
    expect(await test.client.tasks({ status: "failed" })).toEqual([]);
    expect((await test.client.task(id)).says).toBe(
      "Round 1: 0 of 3 drawn workers have answered, 0 on the chain.",
    );
    await expect(test.client.task(`0x${"99".repeat(32)}`)).rejects.toEqual(code("HANSE_TASK_UNKNOWN"));
  });
});
