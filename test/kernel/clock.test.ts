import { describe, expect, it } from "vitest";
import { systemClock } from "#src/kernel/clock.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const clocks = { system: () => systemClock, manual: () => createManualClock(1_000) };

describe.each(Object.entries(clocks))("%s clock", (_name, create) => {
  it("refuses to sleep under an aborted signal, and wakes when it is aborted", async () => {
    const clock = create();
    await expect(clock.sleep(5, AbortSignal.abort("early"))).rejects.toBe("early");
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    controller.abort("enough");
    await expect(sleep).rejects.toBe("enough");
  });

  it("sleeps nothing at once", async () => {
    await create().sleep(0);
  });
});

it("wakes sleepers in the order of their time, those that sleep again included", async () => {
  const clock = createManualClock();
  const woken: string[] = [];
  const at = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push(`${name}@${clock.now()}`);
  };
  void at("late", 30);
  void at("early", 10).then(() => at("again", 10));
  void at("never", 100);
  await clock.advance(50);
  expect(woken).toEqual(["early@10", "again@20", "late@30"]);
  expect(clock.now()).toBe(50);
  expect(clock.sleepers()).toBe(1);
});
