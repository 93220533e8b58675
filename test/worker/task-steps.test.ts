import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, hashTypedData } from "viem";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { MarketReader } from "#src/chain/market-reader.ts";
import { contentAddressOf } from "#src/content/content-address.ts";
import { recoverSigner } from "#src/crypto/recover.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { createResultStore, type StoredResult } from "#src/worker/result-store.ts";
import { openSealBook } from "#src/worker/seal-book.ts";
import { createSlots } from "#src/worker/slots.ts";
import { createTaskSteps } from "#src/worker/task-steps.ts";
import { silent } from "../store/test-database.ts";
import { account, committedSeal, createFakeChain, POCO, POOL, sealedDeal, taskOf } from "./worker-fixture.ts";

// A worker's steps: a result is on disk before it is sealed, is computed once whatever happens, and its output leaves the
// machine only when it is revealed.

const { signal } = new AbortController();
const output = new TextEncoder().encode("found");
const found: StoredResult = {
  output,
  result: {
    outcome: 0,
    content: contentAddressOf(output),
    memoryHash: `0x${"22".repeat(32)}`,
    callbackData: "0x",
  },
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-steps-"));
  onTestFinished(() => rm(directory, { recursive: true }));
});

async function given(sealed = sealedDeal()) {
  const { chain, state } = createFakeChain();
  const results = await createResultStore(directory);
  const told: { what: string; body: unknown }[] = [];
  const fail: { desk?: Error; compute?: Error | "never ends"; upload?: Error } = {};
  const answers = { next: found };
  const market: MarketReader = {
    deal: async () => sealed,
    asset: () => Promise.reject(new Error("not asked here")),
  };
  const tell = (what: string) => async (_id: Hex, body: unknown) => {
    if (fail.desk) throw fail.desk;
    told.push({ what, body });
    return { accepted: true } as const;
  };
  const steps = createTaskSteps(
    {
      ...{ chain, market, account, results },
      desk: { contribute: tell("contribute"), disclose: tell("disclose"), reveal: tell("reveal") },
      async compute(_task, _sealed, until) {
        told.push({ what: "compute", body: undefined });
        if (fail.compute === "never ends") {
          return new Promise((_, reject) =>
            until.addEventListener("abort", () => reject(new Error("cut off"))),
          );
        }
        if (fail.compute) throw fail.compute;
        return answers.next;
      },
      async upload(bytes) {
        if (fail.upload) throw fail.upload;
        told.push({ what: "upload", body: new TextDecoder().decode(bytes) });
      },
      seals: await openSealBook(join(directory, "seals.jsonl")),
      slots: createSlots(1),
      keptSeeds: new Set(),
      logger: silent,
    },
    POOL,
    { wantedEveryMs: 20 },
  );
  return {
    steps,
    state,
    told,
    fail,
    answers,
    results,
    task: taskOf(sealed),
    whats: () => told.map(({ what }) => what),
  };
}

function last(told: readonly { readonly body: unknown }[]): unknown {
  return told.at(-1)?.body;
}

function signerOf(id: Hex, round: number, seal: Hex, signature: Hex) {
  const digest = hashTypedData({
    domain: pocoDomain(31_337, POCO),
    types: CONTRIBUTION_TYPED_DATA,
    primaryType: "Contribution",
    message: { taskId: id, round, seal },
  });
  return recoverSigner(digest, signature);
}

describe("compute", () => {
  it("seals the result for its own round, signed", async () => {
    const { steps, told, task } = await given();
    await steps.compute(task, signal);
    const { seal, signature, ...rest } = last(told) as { seal: Hex; signature: Hex };
    expect(rest).toEqual({ round: 1, seat: 0, worker: account.address });
    expect(seal).toBe(sealOf(account.address, roundDigest(1, task.taskId, resultHash(found.result))));
    expect(signerOf(task.taskId, 1, seal, signature)).toBe(account.address);
  });

  it("is given up when the task is over, so that its slot is free for another", async () => {
    const { steps, state, fail, told, task } = await given();
    fail.compute = "never ends";
    const computing = steps.compute(task, signal);
    await expect.poll(() => told.length).toBe(1);
    state.head = 301n;
    await expect(computing).rejects.toMatchObject({ code: "HANSE_ROUND_CLOSED" });
  });

  it("tells nobody what was not saved", async () => {
    const { steps, results, task, whats } = await given();
    results.save = () => Promise.reject(new HanseError("HANSE_DISK_FULL", "no space"));
    await expect(steps.compute(task, signal)).rejects.toMatchObject({ code: "HANSE_DISK_FULL" });
    expect(whats()).toEqual(["compute"]);
  });

  it("does not compute again when telling failed, nor after a restart", async () => {
    const first = await given();
    first.fail.desk = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    await expect(first.steps.compute(first.task, signal)).rejects.toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
    });
    const again = await given();
    await again.steps.compute(again.task, signal);
    expect([...first.whats(), ...again.whats()]).toEqual(["compute", "contribute"]);
  });

  it("seals nothing when the runner broke", async () => {
    const { steps, fail, task, whats, results } = await given();
    fail.compute = new HanseError("HANSE_NOT_READY", "the runner broke");
    await expect(steps.compute(task, signal)).rejects.toMatchObject({ retryable: true });
    expect(whats()).toEqual(["compute"]);
    expect(await results.has(task.taskId)).toBe(false);
  });

  it("never gives another seal of a round than it gave before, whatever it computes", async () => {
    const first = await given();
    await first.steps.compute(first.task, signal);
    await first.results.remove(first.task.taskId);
    const again = await given();
    again.answers.next = { ...found, result: { ...found.result, memoryHash: `0x${"33".repeat(32)}` } };
    await expect(again.steps.compute(again.task, signal)).rejects.toMatchObject({
      code: "HANSE_SEAL_CONTRADICTED",
    });
    await expect(again.steps.commit(again.task, signal)).rejects.toMatchObject({
      code: "HANSE_SEAL_CONTRADICTED",
    });
    expect(again.whats()).toEqual(["compute"]);
    expect(again.state.sent).toEqual([]);
  });

  it("does nothing for a task that is not what the scheduler says", async () => {
    const { steps, task, whats } = await given(sealedDeal({ pool: POOL + 1n }));
    await expect(steps.compute(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    expect(whats()).toEqual([]);
  });

  it("answers at once, signed, where nobody compares", async () => {
    const { steps, told, task, whats } = await given(sealedDeal({ trust: 1 }));
    await steps.compute({ ...task, round: 0, seat: null }, signal);
    expect(whats()).toEqual(["compute", "upload", "reveal"]);
    const { signature, result } = last(told) as { signature: Hex; result: unknown };
    expect(result).toEqual(found.result);
    const seal = sealOf(account.address, roundDigest(0, task.taskId, resultHash(found.result)));
    expect(signerOf(task.taskId, 0, seal, signature)).toBe(account.address);
  });
});

describe("disclose and reveal", () => {
  it("tell nothing of what was never computed here", async () => {
    const { steps, task } = await given();
    await expect(steps.disclose(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    await expect(steps.reveal(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
  });

  it("tell nothing while the round is open on the chain", async () => {
    const { steps, state, task, whats } = await given();
    await steps.compute(task, signal);
    state.seals = [committedSeal(task.taskId, 0, found.result)];
    await expect(steps.disclose(task, signal)).rejects.toMatchObject({ code: "HANSE_ROUND_OPEN" });
    await expect(steps.reveal(task, signal)).rejects.toMatchObject({ code: "HANSE_ROUND_OPEN" });
    expect(whats()).toEqual(["compute", "contribute"]);
  });

  it("tell the digest of the round the chain has it in, then the result, uploaded first", async () => {
    const { steps, state, told, task, whats } = await given();
    await steps.compute(task, signal);
    state.seals = [0, 1, 2].map((seat) => committedSeal(task.taskId, seat, found.result));
    state.task = { ...state.task, round: 1, seedBlock: 101n, committed: 3, completedAt: 103n };
    // The scheduler may be wrong about the round; a digest of another would be worth nothing, or too much.
    await steps.disclose({ ...task, round: 2 }, signal);
    const digest = roundDigest(1, task.taskId, resultHash(found.result));
    expect(told.at(-1)?.body).toEqual({ round: 1, worker: account.address, digest });
    await steps.reveal(task, signal);
    expect(whats().slice(-2)).toEqual(["upload", "reveal"]);
    expect(told.at(-1)?.body).toEqual({ worker: account.address, result: found.result });
  });
});

describe("what a worker has mined itself", () => {
  const closed = { round: 1, seedBlock: 101n, committed: 3, completedAt: 103n };

  it("is no seal of what was never computed, nor of a round that takes none", async () => {
    const { steps, state, task } = await given();
    await expect(steps.commit(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    await steps.compute(task, signal);
    state.head = 122n;
    await expect(steps.commit(task, signal)).rejects.toMatchObject({ code: "HANSE_ROUND_CLOSED" });
    state.head = 102n;
    state.convicted = true;
    await expect(steps.commit(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    expect(state.sent).toEqual([]);
  });

  it("is its own seal, without a signature", async () => {
    const { steps, state, task } = await given();
    await steps.compute(task, signal);
    expect(await steps.commit(task, signal)).toBe("done");
    const seal = sealOf(account.address, roundDigest(1, task.taskId, resultHash(found.result)));
    expect(state.sent).toEqual([`commit 4 0 1 ${seal}`]);
  });

  it("is no result that is not sure enough, and none that no buyer could find", async () => {
    const { steps, state, task, fail } = await given();
    await steps.compute(task, signal);
    state.task = { ...state.task, ...closed };
    state.seals = [committedSeal(task.taskId, 0, found.result)];
    await expect(steps.finalize(task, signal)).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    state.seals = [0, 1, 2].map((seat) => committedSeal(task.taskId, seat, found.result));
    fail.upload = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    await expect(steps.finalize(task, signal)).rejects.toMatchObject({ code: "HANSE_PEER_UNREACHABLE" });
    expect(state.sent).toEqual([]);
  });

  it("is a sure result, uploaded first", async () => {
    const { steps, state, task, whats } = await given();
    await steps.compute(task, signal);
    state.task = { ...state.task, ...closed };
    state.seals = [0, 1, 2].map((seat) => committedSeal(task.taskId, seat, found.result));
    expect(await steps.finalize(task, signal)).toBe("done");
    expect(whats().at(-1)).toBe("upload");
    expect(state.sent).toEqual([`finalize 4 3 ${found.result.content}`]);
  });

  it("is the next round, and a claim", async () => {
    const { steps, state, task } = await given();
    await steps.extend(task, signal);
    await steps.claim(task, signal);
    await steps.record(task, signal);
    expect(state.sent).toEqual(["extend 4 2", "claim 4 0", "record 101"]);
  });

  it("may be refused, for somebody was faster", async () => {
    const { steps, state, task } = await given();
    await steps.compute(task, signal);
    state.refuses = true;
    for (const step of ["commit", "extend", "claim", "record"] as const)
      expect(await steps[step](task, signal)).toBe("refused");
  });
});

describe("done", () => {
  it("forgets the result only when the chain says so too", async () => {
    const { steps, state, results, task } = await given();
    await steps.compute(task, signal);
    await steps.done(task, signal);
    expect(await results.has(task.taskId)).toBe(true);
    state.task = { ...state.task, status: 1 };
    await steps.done(task, signal);
    expect(await results.has(task.taskId)).toBe(false);
  });
});
