import { describe, expect, it } from "vitest";
import { taskId } from "#src/protocol/deals.ts";
import { createOwnDuty, type Patience } from "#src/worker/own-duty.ts";
import type { StoredResult } from "#src/worker/result-store.ts";
import {
  account,
  committedSeal,
  createFakeChain,
  rightResult,
  sealedDeal,
  wrongResult,
} from "./worker-fixture.ts";

// Given a task of trust 5 sealed in block 100 (round 1: seed 101, open to 121; deadline 300) and a worker in seat 0, it
// - has nothing to do where it was not drawn, its place has committed, the seed is unknown, or it is somebody else's turn
// - computes when drawn, commits in the last blocks of the round and never in one that would be refused
// - finalizes what its own result makes sure, opens the next round when it does not, claims after the deadline: all of them
//   only with its own seal on the chain, after others had their time, by the order of the seals
// - has the seed kept before it is forgotten

const { deal, id: dealId } = sealedDeal();
const id = taskId(deal, deal.firstTask);
const task = { taskId: id, dealId, index: deal.firstTask, deal };

function given({ found = rightResult, patience = {} as Patience } = {}) {
  const { chain, state } = createFakeChain();
  let stored: StoredResult | undefined;
  let loads = 0;
  const results = {
    async load() {
      loads++;
      return stored;
    },
    result: async () => stored?.result,
  };
  const { dutyOf } = createOwnDuty(
    { chain, results, worker: account.address, seat: 0, keptSeeds: new Set([101n]) },
    patience,
  );
  return {
    state,
    loads: () => loads,
    hasResult() {
      stored = { result: found, output: undefined };
    },
    /** The seats whose seals of a result are on the chain, in this order. */
    commit(right: readonly number[], wrong: readonly number[] = [], closedAt?: bigint) {
      state.seals = [
        ...right.map((seat) => committedSeal(id, seat, rightResult)),
        ...wrong.map((seat) => committedSeal(id, seat, wrongResult)),
      ];
      const seals =
        `0x${String(right.length).padStart(19, "0")}${String(wrong.length).padStart(19, "0")}` as const;
      state.task = { ...state.task, round: 1, seals, completedAt: closedAt };
    },
    async at(head: bigint) {
      state.head = head;
      return (await dutyOf(task, head)).step;
    },
    /** What is due at each block from one to another, as far as it changes. */
    async between(from: bigint, to: bigint) {
      const changes: string[] = [];
      let last = "";
      for (let head = from; head <= to; head++) {
        const step = await this.at(head);
        if (step !== last) changes.push(`${head} ${step}`);
        last = step;
      }
      return changes;
    },
  };
}

describe("a worker has nothing to do", () => {
  it("where its seat was not drawn, however it ends", async () => {
    const undrawn = given();
    undrawn.state.draw = [1, 2, 3];
    expect(await undrawn.between(101n, 299n)).toEqual(["101 wait"]);
  });

  it("while the seed is unknown", async () => {
    const worker = given();
    worker.state.draw = undefined;
    expect(await worker.at(101n)).toBe("wait");
  });

  it("once its place has committed, until the round has closed", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([0]);
    expect(await worker.between(102n, 121n)).toEqual(["102 wait"]);
  });

  it("when the task has ended", async () => {
    const worker = given();
    worker.state.task = { ...worker.state.task, status: 1 };
    expect(await worker.at(102n)).toBe("done");
  });

  it("when its place was missed: it has nothing on the chain to gain by", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([1, 2]);
    expect(await worker.between(122n, 240n)).toEqual(["122 wait"]);
    expect(await worker.between(301n, 330n)).toEqual(["301 wait"]);
  });
});

describe("a drawn worker", () => {
  it("computes, and commits within the margin, but not when it is too late to be mined", async () => {
    const worker = given();
    expect(await worker.between(101n, 119n)).toEqual(["101 compute"]);
    worker.hasResult();
    expect(await worker.between(103n, 122n)).toEqual(["103 wait", "118 commit", "121 wait"]);
  });

  it("commits by the margin it was given", async () => {
    const worker = given({ patience: { commitMarginBlocks: 15 } });
    worker.hasResult();
    expect(await worker.between(103n, 107n)).toEqual(["103 wait", "106 commit"]);
  });

  it("computes in a later round, too", async () => {
    const worker = given();
    worker.state.draw = [1, 2, 3, 4, 5, 0];
    worker.state.task = { ...worker.state.task, round: 2, seedBlock: 140n };
    expect(await worker.at(141n)).toBe("compute");
  });
});

describe("a worker whose seal is on the chain", () => {
  it("finalizes a sure result after the scheduler had its time, within the grace", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([0, 1, 2], [], 104n);
    expect(await worker.between(105n, 115n)).toEqual(["105 wait", "111 finalize"]);
  });

  it("finalizes in its turn, by the order of the seals that agree", async () => {
    const worker = given({ patience: { turnBlocks: 2 } });
    worker.hasResult();
    worker.commit([1, 2, 0], [], 104n);
    expect(await worker.between(105n, 120n)).toEqual(["105 wait", "115 finalize"]);
  });

  it("finalizes at once when the deadline is near", async () => {
    const worker = given({ patience: { finalizeAfterBlocks: 90 } });
    worker.hasResult();
    worker.commit([1, 2, 0], [], 290n);
    expect(await worker.between(291n, 300n)).toEqual(["291 wait", "297 finalize"]);
  });

  it("does not read its output while there is nothing to do with it", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([0, 1, 2], [], 104n);
    await worker.between(105n, 110n);
    expect(worker.loads()).toBe(0);
  });

  it("opens the next round when its result is not sure, after all who might know better", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([0, 1], [2], 104n);
    expect(await worker.between(105n, 125n)).toEqual(["105 wait", "119 extend"]);
  });

  it("opens it in its turn, never within the grace, and not where it could not be kept", async () => {
    const third = given({ patience: { extendAfterBlocks: 1, turnBlocks: 20 } });
    third.hasResult();
    third.commit([], [1, 2], 104n);
    third.state.seals = [...third.state.seals, committedSeal(id, 0, rightResult)];
    expect(await third.between(105n, 150n)).toEqual(["105 wait", "145 extend"]);
    const hasty = given({ patience: { extendAfterBlocks: 1 } });
    hasty.hasResult();
    hasty.commit([0], [1, 2], 104n);
    expect(await hasty.between(105n, 120n)).toEqual(["105 wait", "114 extend"]);
    const late = given();
    late.hasResult();
    late.commit([0], [1, 2], 250n);
    // Grace, round and seed have to fit before block 300: block 268 is the last in which it can be asked for.
    expect(await late.between(251n, 275n)).toEqual(["251 wait", "265 extend", "269 wait"]);
  });

  it("claims after the deadline, in its turn", async () => {
    const worker = given();
    worker.hasResult();
    worker.commit([1, 0]);
    expect(await worker.between(301n, 310n)).toEqual(["301 wait", "307 claim"]);
  });
});

describe("a seed that will soon be forgotten", () => {
  it("is kept by who has something at stake, in turn, while it is known", async () => {
    const long = given();
    long.hasResult();
    long.commit([1, 0]);
    // A round that is still open then: nothing else is to be done.
    long.state.task = { ...long.state.task, completedAt: undefined };
    const rounds = { ...deal, frozen: `0x${"00".repeat(14)}000003e8000007d0${"00".repeat(10)}` as const };
    const keptSeeds = new Set<bigint>();
    const { dutyOf } = createOwnDuty({
      keptSeeds,
      ...{ chain: createFakeChainOf(long.state), worker: account.address, seat: 0 },
      results: { load: async () => undefined, result: async () => rightResult },
    });
    const steps: string[] = [];
    for (const head of [268n, 269n, 351n, 352n]) {
      steps.push((await dutyOf({ ...task, deal: rounds }, head)).step);
    }
    expect(steps).toEqual(["wait", "record", "record", "wait"]);
    keptSeeds.add(101n);
    expect((await dutyOf({ ...task, deal: rounds }, 300n)).step).toBe("wait");
  });
});

function createFakeChainOf(state: ReturnType<typeof createFakeChain>["state"]) {
  const fake = createFakeChain();
  Object.assign(fake.state, state);
  return fake.chain;
}
