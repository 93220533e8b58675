import { setImmediate as turn } from "node:timers/promises";
import type { Hex } from "viem";
import { describe, expect, it } from "vitest";
import { createSlots } from "#src/worker/slots.ts";

const { signal } = new AbortController();

function given(count: number) {
  const slots = createSlots(count);
  const begun: string[] = [];
  const held: (() => void)[] = [];
  let most = 0;
  const run = (name: string, dealId: Hex = "0xd1", fails = false) =>
    slots.run(
      { dealId },
      async (waited) => {
        begun.push(waited ? `${name} late` : name);
        most = Math.max(most, slots.busy());
        await new Promise<void>((resolve) => held.push(resolve));
        if (fails) throw new Error(name);
        return name;
      },
      signal,
    );
  const release = async () => {
    held.shift()?.();
    await turn();
  };
  return { slots, begun, run, release, most: () => most };
}

describe("slots", () => {
  it("are refused to whoever has been told to stop, and free again where work failed", async () => {
    const { slots, run, begun, release } = given(1);
    await expect(slots.run({ dealId: "0x" }, async () => 1, AbortSignal.abort("stopping"))).rejects.toBe(
      "stopping",
    );
    const failing = expect(run("a", "0xd1", true)).rejects.toThrow("a");
    const next = run("b");
    await release();
    await failing;
    expect(begun).toEqual(["a", "b late"]);
    await release();
    await next;
    expect([slots.busy(), slots.waiting()]).toEqual([0, 0]);
  });

  it("are left by who stops waiting", async () => {
    const { slots, run, release, begun } = given(1);
    const running = run("a");
    const stopping = new AbortController();
    const waiting = slots.run({ dealId: "0x" }, async () => begun.push("never"), stopping.signal);
    expect(slots.waiting()).toBe(1);
    stopping.abort(new Error("stopping"));
    await expect(waiting).rejects.toThrow("stopping");
    await release();
    await running;
    expect(begun).toEqual(["a"]);
  });

  it("run as many at once as there are, and no more", async () => {
    const { slots, run, release, begun, most } = given(3);
    const all = Promise.all(["a", "b", "c", "d", "e", "f", "g"].map((name) => run(name)));
    await turn();
    expect([slots.busy(), slots.waiting()]).toEqual([3, 4]);
    expect(begun).toEqual(["a", "b", "c"]);
    for (let i = 0; i < 7; i++) await release();
    expect(await all).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
    expect(most()).toBe(3);
  });

  it("serve deals in turn: a bag of many does not keep another's only task waiting", async () => {
    const { run, release, begun } = given(1);
    const all = [run("bag 1"), run("bag 2"), run("bag 3"), run("bag 4"), run("single", "0xd2")];
    for (let i = 0; i < 5; i++) await release();
    await Promise.all(all);
    expect(begun.map((name) => name.replace(" late", ""))).toEqual([
      "bag 1",
      "single",
      "bag 2",
      "bag 3",
      "bag 4",
    ]);
  });
});
