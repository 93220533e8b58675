import { expect, it } from "vitest";
import { createLogger } from "#src/kernel/logger.ts";
import { createShutdown } from "#src/kernel/shutdown.ts";

const logger = createLogger({ service: "t", level: "silent" });

it("stops the rest when one part fails and another hangs, and names both", async () => {
  const stopped: string[] = [];
  const shutdown = createShutdown({ logger });
  shutdown.add("first", () => stopped.push("first"));
  shutdown.add("hanging", () => new Promise(() => undefined), { timeoutMs: 20 });
  shutdown.add("failing", () => {
    throw new Error("no");
  });
  shutdown.add("last", async () => stopped.push("last"));
  expect(await shutdown.run("test")).toEqual(["failing", "hanging"]);
  expect(stopped).toEqual(["last", "first"]);
});

it("runs once, however often it is asked, and aborts its signal", async () => {
  let count = 0;
  const shutdown = createShutdown({ logger });
  shutdown.add("part", () => count++);
  expect(shutdown.signal.aborted).toBe(false);
  await Promise.all([shutdown.run("a"), shutdown.run("b")]);
  await shutdown.run("c");
  expect(count).toBe(1);
  expect(shutdown.signal.aborted).toBe(true);
});

it("stops what was added while it is stopping", async () => {
  const stopped: string[] = [];
  const shutdown = createShutdown({ logger });
  shutdown.add("outer", () => {
    shutdown.add("late", () => stopped.push("late"));
  });
  await shutdown.run("test");
  expect(stopped).toEqual(["late"]);
});
