import { expect, it } from "vitest";
import { createCallQueue } from "#src/shop/deals/call-queue.ts";

it("calls wait side by side, so many at a time, in the order in which they were told, and none twice", async () => {
  const queue = createCallQueue({ atOnce: 2 });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string) =>
    queue.add(name, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  for (const name of ["a", "b", "c", "a", "c", "d"]) add(name);
  expect(begun).toEqual(["a", "b"]);
  ends.get("b")?.();
  await expect
    .poll(() => begun, { message: "one that hangs holds its own place alone" })
    .toEqual(["a", "b", "c"]);
  ends.get("c")?.();
  await expect.poll(() => begun).toEqual(["a", "b", "c", "d"]);
  // What is over may be told again.
  add("b");
  ends.get("a")?.();
  await expect.poll(() => begun).toEqual(["a", "b", "c", "d", "b"]);

  add("never");
  let stopped = false;
  const stop = queue.stop().then(() => {
    stopped = true;
  });
  add("nor this");
  ends.get("d")?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped, "one is under way").toBe(false);
  ends.get("b")?.();
  await stop;
  expect(begun).toEqual(["a", "b", "c", "d", "b"]);
});
