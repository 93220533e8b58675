import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

const section = /^## Faults of shops\n([\s\S]*?)^## /m.exec(await read("docs/security.md"))?.[1] ?? "";
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| fault"))
  .map((line) => line.split("|").slice(1, -1))
  .map(([fault = "", guarded = ""]) => ({
    fault: fault.trim(),
    guards: [...guarded.matchAll(/`([^`]+)`/g)].map(([, guard = ""]) => guard),
  }));

/** Whether `path.test.ts#title` is the title of a test there, or `path.t.sol#name` the name of one. */
async function isThere(guard: string): Promise<boolean> {
  const [, path = "", test = ""] = /^([^#]+)#(.+)$/.exec(guard) ?? [];
  const source = await read(path).catch(() => "");
  if (path.endsWith(".sol")) return source.includes(`function ${test}(`);
  return path.endsWith(".test.ts") && [`it("${test}"`, `["${test}",`].some((text) => source.includes(text));
}

describe("the faults of shops that are guarded", () => {
  it("are all there, each with a test", () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter(({ guards }) => guards.length === 0)).toEqual([]);
  });

  it("name no test that is not there", async () => {
    const guards = [...new Set(rows.flatMap((row) => row.guards))];
    const missing = await Promise.all(guards.map(async (guard) => ((await isThere(guard)) ? [] : [guard])));
    expect(missing.flat()).toEqual([]);
  });

  it("would find what is not there", async () => {
    expect(await isThere("test/shop/faults.test.ts#nobody wrote this")).toBe(false);
    expect(await isThere("test/shop/none.test.ts#told twice")).toBe(false);
    expect(await isThere("test/shop/faults.test.ts")).toBe(false);
  });
});
