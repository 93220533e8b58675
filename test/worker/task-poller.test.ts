import type { Hex } from "viem";
import { describe, expect, it, onTestFinished } from "vitest";
import { HanseError } from "#src/kernel/errors.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { OWN_STEPS } from "#src/worker/own-duty.ts";
import { createTaskPoller } from "#src/worker/task-poller.ts";
import type { Step, StepOutcome, TaskSteps, TaskToDo } from "#src/worker/task-steps.ts";
import { createWorkerMetrics } from "#src/worker/worker-metrics.ts";
import { silent } from "../store/test-database.ts";

const STEPS = ["compute", "wait", "disclose", "reveal", "done", ...OWN_STEPS] as const;

const task = (id: Hex, step: Step): TaskToDo => ({
  taskId: id,
  dealId: "0xd0",
  index: 0,
  round: 1,
  seat: 0,
  step,
});

async function given() {
  const clock = createManualClock();
  const stopping = new AbortController();
  const begun: string[] = [];
  const held: (() => void)[] = [];
  type Told = TaskToDo[] | Error | "nothing";
  const state = {
    scheduler: [] as Told,
    chain: [] as Told,
    fails: undefined as Error | undefined,
    outcome: "done" as StepOutcome,
  };
  const step = (name: Step) => async (each: TaskToDo) => {
    begun.push(`${name} ${each.taskId}`);
    if (state.fails && each.round === 1) throw state.fails;
    if (name === "compute") await new Promise<void>((resolve) => held.push(resolve));
    return state.outcome;
  };
  const source = (name: "scheduler" | "chain") => ({
    name,
    async tasks() {
      const told = state[name];
      if (told === "nothing")
        return new Promise<never>((_, reject) => held.push(() => reject(new Error("late"))));
      if (told instanceof Error) throw told;
      return told;
    },
  });
  const registry = createMetrics({ service: "worker", processMetrics: false });
  const poller = createTaskPoller(
    {
      sources: [source("scheduler"), source("chain")],
      steps: Object.fromEntries(STEPS.map((name) => [name, step(name)])) as unknown as TaskSteps,
      metrics: createWorkerMetrics(registry),
      logger: silent,
      clock,
    },
    { pollMs: 100 },
  );
  const ended = poller.run(stopping.signal);
  // Until it has asked a first time, and sleeps.
  await new Promise((resolve) => setImmediate(resolve));
  const release = () => {
    for (const each of held.splice(0)) each();
  };
  onTestFinished(async () => {
    stopping.abort();
    release();
    await ended;
  });
  return { clock, begun, state, release, stopping, ended, registry };
}

describe("a worker that asks what to do", () => {
  it("does nothing where it has to wait", async () => {
    const { clock, begun, state } = await given();
    state.scheduler = [task("0x1", "wait")];
    await clock.advance(500);
    expect(begun).toEqual([]);
  });

  it("does what both tell once at a time, and steps of one task beside each other", async () => {
    const { clock, begun, state, release } = await given();
    state.scheduler = [task("0x1", "compute"), task("0x2", "disclose")];
    state.chain = [task("0x1", "compute"), task("0x1", "commit")];
    await clock.advance(100);
    expect(begun.toSorted()).toEqual(["commit 0x1", "compute 0x1", "disclose 0x2"]);
    state.scheduler = [task("0x1", "compute")];
    state.chain = [];
    await clock.advance(300);
    expect(begun).toHaveLength(3);
    release();
    await clock.advance(100);
    expect(begun).toHaveLength(4);
  });

  it("goes on by its own eyes while the scheduler does not answer", async () => {
    const { clock, begun, state, release } = await given();
    state.scheduler = "nothing";
    await clock.advance(200);
    state.chain = [task("0x1", "commit")];
    await clock.advance(100);
    expect(begun).toEqual(["commit 0x1"]);
    release();
  });

  it("is not kept back by what another source says wrongly of the same task", async () => {
    const { clock, begun, state } = await given();
    state.fails = new HanseError("HANSE_TASK_REFUSED", "the seat was not drawn");
    state.scheduler = [task("0x1", "compute")];
    await clock.advance(100);
    state.chain = [{ ...task("0x1", "compute"), round: 2 }];
    await clock.advance(100);
    expect(begun).toEqual(["compute 0x1", "compute 0x1"]);
  });

  it("tries again what failed for now, later and later", async () => {
    const { clock, begun, state, registry } = await given();
    state.fails = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    state.scheduler = [task("0x1", "compute")];
    await clock.advance(1_000);
    expect(begun).toHaveLength(1);
    await clock.advance(200);
    expect(begun).toHaveLength(2);
    await clock.advance(1_500);
    expect(begun).toHaveLength(2);
    await clock.advance(500);
    expect(begun).toHaveLength(3);
    expect(await registry.metrics()).toContain(
      'worker_steps_total{step="compute",outcome="failed",service="worker"} 3',
    );
  });

  it("tries again what the contract refused, later and later, and counts it as no failure", async () => {
    const { clock, begun, state, registry } = await given();
    state.outcome = "refused";
    state.chain = [task("0x1", "extend")];
    await clock.advance(1_000);
    expect(begun).toHaveLength(1);
    await clock.advance(200);
    expect(begun).toHaveLength(2);
    expect(await registry.metrics()).toContain(
      'worker_steps_total{step="extend",outcome="refused",service="worker"} 2',
    );
    expect(await registry.metrics()).not.toContain('outcome="failed"');
  });

  it("leaves alone for longer what will not change by itself", async () => {
    const { clock, begun, state } = await given();
    state.fails = new HanseError("HANSE_TASK_REFUSED", "another pool's");
    state.scheduler = [task("0x1", "compute")];
    await clock.advance(14_900);
    expect(begun).toHaveLength(1);
    await clock.advance(300);
    expect(begun).toHaveLength(2);
  });

  it("is not flooded by a source that makes up tasks", async () => {
    const { clock, begun, state } = await given();
    state.scheduler = Array.from({ length: 1_000 }, (_, i) => task(`0x${i.toString(16)}`, "compute"));
    state.chain = [task("0xffff", "compute")];
    await clock.advance(300);
    expect(begun).toHaveLength(257);
    expect(begun).toContain("compute 0xffff");
  });

  it("outlives a scheduler that does not answer", async () => {
    const { clock, begun, state } = await given();
    state.scheduler = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    await clock.advance(500);
    state.scheduler = [task("0x1", "reveal")];
    await clock.advance(100);
    expect(begun).toEqual(["reveal 0x1"]);
  });

  it("ends only when what it began has ended", async () => {
    const { clock, state, release, stopping, ended } = await given();
    state.scheduler = [task("0x1", "compute")];
    await clock.advance(100);
    let over = false;
    void ended.then(() => {
      over = true;
    });
    stopping.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    release();
    await ended;
  });
});
