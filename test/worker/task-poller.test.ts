import type { Hex } from "viem";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WorkerStep, WorkerTask } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { createTaskPoller } from "#src/worker/task-poller.ts";
import { silent } from "../store/test-database.ts";
import { account } from "./worker-fixture.ts";

const task = (id: Hex, step: WorkerStep): WorkerTask => ({
  taskId: id,
  dealId: "0x",
  index: 0,
  round: 1,
  seat: 0,
  step,
});

async function given(slots: number) {
  const clock = createManualClock();
  const stopping = new AbortController();
  const begun: string[] = [];
  const held: (() => void)[] = [];
  const state = { tasks: [] as WorkerTask[] | Error, fails: undefined as Error | undefined };
  const step = (name: string) => async (each: WorkerTask) => {
    begun.push(`${name} ${each.taskId}`);
    if (state.fails) throw state.fails;
    if (name === "compute") await new Promise<void>((resolve) => held.push(resolve));
  };
  const poller = createTaskPoller(
    {
      client: {
        async tasksOf() {
          if (state.tasks instanceof Error) throw state.tasks;
          return state.tasks;
        },
      },
      steps: {
        ...{ compute: step("compute"), wait: step("wait"), done: step("done") },
        ...{ disclose: step("disclose"), reveal: step("reveal") },
      },
      logger: silent,
      clock,
    },
    { worker: account.address, slots, pollMs: 100 },
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
  return { clock, begun, state, release, stopping, ended };
}

describe("a worker that asks what to do", () => {
  it("computes no more at once than it has slots, and does the rest beside", async () => {
    const { clock, begun, state, release } = await given(2);
    state.tasks = [
      task("0x1", "compute"),
      task("0x2", "compute"),
      task("0x3", "compute"),
      task("0x4", "disclose"),
    ];
    await clock.advance(100);
    expect(begun).toEqual(["compute 0x1", "compute 0x2", "disclose 0x4"]);
    state.tasks = state.tasks.slice(0, 3);
    await clock.advance(300);
    expect(begun).toHaveLength(3);
    release();
    state.tasks = [task("0x3", "compute")];
    await clock.advance(200);
    expect(begun.at(-1)).toBe("compute 0x3");
  });

  it("does nothing where it has to wait", async () => {
    const { clock, begun, state } = await given(1);
    state.tasks = [task("0x1", "wait")];
    await clock.advance(500);
    expect(begun).toEqual([]);
  });

  it("tries again what failed for now, later and later", async () => {
    const { clock, begun, state } = await given(1);
    state.fails = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    state.tasks = [task("0x1", "compute")];
    await clock.advance(1_000);
    expect(begun).toHaveLength(1);
    await clock.advance(200);
    expect(begun).toHaveLength(2);
    await clock.advance(1_500);
    expect(begun).toHaveLength(2);
    await clock.advance(500);
    expect(begun).toHaveLength(3);
  });

  it("leaves alone for longer what will not change by itself", async () => {
    const { clock, begun, state } = await given(1);
    state.fails = new HanseError("HANSE_TASK_REFUSED", "another pool's");
    state.tasks = [task("0x1", "compute")];
    await clock.advance(14_900);
    expect(begun).toHaveLength(1);
    await clock.advance(300);
    expect(begun).toHaveLength(2);
  });

  it("outlives a scheduler that does not answer", async () => {
    const { clock, begun, state } = await given(1);
    state.tasks = new HanseError("HANSE_PEER_UNREACHABLE", "gone");
    await clock.advance(500);
    state.tasks = [task("0x1", "reveal")];
    await clock.advance(100);
    expect(begun).toEqual(["reveal 0x1"]);
  });

  it("ends only when what it began has ended", async () => {
    const { clock, state, release, stopping, ended } = await given(1);
    state.tasks = [task("0x1", "compute")];
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
