import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { askAtTerminal, readStandardInput } from "#src/bin/terminal.ts";

// Given somebody at a terminal,
// - nobody is asked where there is no terminal
// - a question is shown, and what is typed, unless it is a secret; backspace works either way
// - Ctrl-C and the end of the input interrupt
// - standard input is read up to 1 MiB

/** A terminal that types for itself. */
function terminal(typed: string | undefined) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const shown: string[] = [];
  const output = new PassThrough();
  output.on("data", (chunk: Buffer) => shown.push(chunk.toString()));
  if (typed === undefined) input.end();
  else input.write(typed);
  return { input, output, shown: () => shown.join("") };
}

describe("a question", () => {
  it("is not asked where nobody is", async () => {
    const { output } = terminal("x");
    expect(await askAtTerminal("Who? ", {}, { input: new PassThrough(), output })).toBeUndefined();
  });

  it("is shown with its answer", async () => {
    const world = terminal("me\r");
    expect(await askAtTerminal("Who? ", {}, world)).toBe("me");
    expect(world.shown()).toContain("Who? ");
    expect(world.shown()).toContain("me");
  });

  it("is shown without its answer where that is secret", async () => {
    const world = terminal("hunder\x7f\x7f\x7fter2\r");
    expect(await askAtTerminal("Password: ", { secret: true }, world)).toBe("hunter2");
    expect(world.shown()).toContain("Password: ");
    expect(world.shown()).not.toMatch(/hun|ter/);
  });

  it.each([
    ["Ctrl-C", "secr\x03"],
    ["the end of the input", undefined],
  ])("is interrupted by %s", async (_, typed) => {
    await expect(askAtTerminal("Password: ", { secret: true }, terminal(typed))).rejects.toMatchObject({
      code: "HANSE_INTERRUPTED",
    });
  });
});

describe("standard input", () => {
  it("is read whole, up to 1 MiB", async () => {
    const of = (...chunks: string[]) => readStandardInput(chunksOf(chunks));
    expect(await of("{", "}")).toBe("{}");
    await expect(of("x".repeat(2 ** 20), "y")).rejects.toMatchObject({ code: "HANSE_REQUEST_TOO_LARGE" });
  });
});

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}
