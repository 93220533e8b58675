import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

const table = {
  EADDRINUSE: "HANSE_PORT_IN_USE",
  ENOSPC: "HANSE_DISK_FULL",
  EACCES: "HANSE_DISK_UNWRITABLE",
  EROFS: "HANSE_DISK_UNWRITABLE",
  ECONNREFUSED: "HANSE_PEER_UNREACHABLE",
  ETIMEDOUT: "HANSE_PEER_TIMED_OUT",
} as const;

it.each(Object.entries(table))("translates %s, also wrapped in causes and aggregates", (systemCode, code) => {
  const error = Object.assign(new Error("x"), { code: systemCode, path: "/state", syscall: "open" });
  const wrapped = new TypeError("fetch failed", { cause: new AggregateError([new Error("other"), error]) });
  for (const each of [error, wrapped]) {
    const translated = fromSystemError(each);
    expect(translated.code).toBe(code);
    expect(translated.details).toMatchObject({ systemCode, path: "/state" });
    expect(translated.cause).toBe(each);
  }
});

it("translates what the system really throws", async () => {
  const first = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => first.once("listening", resolve));
  const { port } = first.address() as { port: number };
  const second = createServer().listen(port, "127.0.0.1");
  const clash = await new Promise((resolve) => second.once("error", resolve));
  expect(fromSystemError(clash)).toMatchObject({ code: "HANSE_PORT_IN_USE", details: { port } });
  first.close();
  await once(first, "close");
  const refused = await fetch(`http://127.0.0.1:${port}/`).catch(fromSystemError);
  expect(refused).toMatchObject({ code: "HANSE_PEER_UNREACHABLE", retryable: true });
});

it("leaves a missing file and anything unknown as internal, with the original as cause", async () => {
  const missing = await rm("/nonexistent/file").catch((error: unknown) => error);
  expect(fromSystemError(missing)).toMatchObject({ code: "HANSE_INTERNAL", cause: missing });
});

it("never throws, and returns a HanseError for anything", () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (thing, code) => {
      expect(fromSystemError(thing)).toBeInstanceOf(HanseError);
      expect(fromSystemError(Object.assign(new Error("x"), { code, cause: thing }))).toBeInstanceOf(
        HanseError,
      );
    }),
  );
  const circle = new Error("circle");
  circle.cause = circle;
  expect(fromSystemError(circle).code).toBe("HANSE_INTERNAL");
  expect(fromSystemError(Object.assign(new Error(), { code: "toString" })).code).toBe("HANSE_INTERNAL");
});
