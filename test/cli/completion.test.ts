import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "#src/bin/program.ts";
import { allCommands, type CommandNode, commandTree } from "#src/cli/command-tree.ts";
import { cliError, runCli } from "./support/run-cli.ts";

// Given the program,
// - every command there is says how it is called, and docs/cli.md has a section of it
// - a shell that is not known is refused
// - bash, sourcing what is printed, completes commands at any depth, options, and files where one is wanted
// - what is printed for zsh and fish names every command and option

let folder: string;
let tree: CommandNode;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanse-completion-"));
  await writeFile(join(folder, "order.json"), "");
  const nothing = () => undefined;
  tree = commandTree(
    await createProgram({
      ...{ env: {}, write: nothing, note: nothing, fromCaller: (path) => path },
      ...{
        ask: async () => undefined,
        readInput: async () => "",
        recompute: () => Promise.reject(new Error("no")),
      },
    }),
  );
  script = (await runCli(["completion", "bash"])).out;
});
afterAll(() => rm(folder, { recursive: true }));

/** What bash offers for a line that ends in the word to complete. */
function complete(line: string): string[] {
  const words = line.split(" ");
  const call = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_hanse; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", call], {
    encoding: "utf8",
    cwd: folder,
  });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion", () => {
  it("is refused for a shell that is not known", async () => {
    const { exitCode, err } = await runCli(["completion", "powershell"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("HANSE_ARGUMENT_INVALID");
  });

  it.each([
    ["hanse wal", ["wallet"]],
    ["hanse wallet ex", ["export-address"]],
    ["hanse order sign ", ["app", "dataset", "pool", "request"]],
    ["hanse order sign req", ["request"]],
    ["hanse order sign app --max", []],
    ["hanse order sign request --max-a", ["--max-app-price"]],
    ["hanse pool start --poll", ["--poll-ms"]],
    // May hold a key.
    ["hanse pool start --rpc", []],
    ["hanse pool start --private", []],
    ["hanse order publish ord", ["order.json"]],
    ["hanse order sign app --from o", ["order.json"]],
    ["hanse token transfer --wallet o", []],
    ["hanse lying", []],
  ])("of bash for %j", (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it("of bash offers every command and option there is", () => {
    for (const { path, subcommands, options } of allCommands(tree)) {
      if (subcommands.length === 0) continue;
      expect(complete(`${path} `)).toEqual(subcommands.map(({ name }) => name));
      expect(complete(`${path} --`)).toEqual([...options.map(({ flag }) => flag), "--help"]);
    }
  });

  it.each(["zsh", "fish"])("of %s names every command and option", async (shell) => {
    const { out } = await runCli(["completion", shell]);
    for (const { path, options } of allCommands(tree)) {
      expect(out).toContain(path);
      for (const { flag } of options) expect(out).toContain(shell === "fish" ? `-l ${flag.slice(2)}` : flag);
    }
  });
});

describe("every command", () => {
  it("says how it is called, at any depth, and is on the page", async () => {
    const page = await readFile("docs/cli.md", "utf8");
    for (const { path, subcommands, description } of allCommands(tree)) {
      expect(description, path).not.toBe("");
      if (subcommands.length === 0) expect(page).toContain(`## ${path}\n`);
    }
    const { out, exitCode } = await runCli(["help", "order", "sign", "app"]);
    expect({ exitCode, says: out.includes("Usage: hanse order sign app") }).toEqual({
      exitCode: 0,
      says: true,
    });
    expect((await runCli(["help", "order", "buy"])).exitCode).toBe(2);
  });

  it("refuses what it does not know with 2, and says how it is called", async () => {
    for (const args of [
      ["buy"],
      ["order", "buy"],
      ["wallet", "list", "--all"],
      ["token", "transfer"],
      ["claim"],
    ]) {
      const { exitCode, err } = await runCli(args);
      expect({ args, exitCode }).toEqual({ args, exitCode: 2 });
      expect(err).toContain("hanse --help");
      expect(await cliError(args)).toMatchObject({ code: "HANSE_ARGUMENT_INVALID", exitCode: 2 });
    }
  });
});
