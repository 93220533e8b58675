import { resolve } from "node:path";
import type { z } from "zod";
import { recomputeTask } from "#src/bin/recompute.ts";
import { runProgram } from "#src/bin/run-program.ts";

export interface CliRun {
  readonly exitCode: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
  /** What was asked at the terminal. */
  readonly asked: readonly string[];
}

export interface CliWorld {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the person at the terminal types, in order; undefined: nobody is there. */
  readonly typed?: readonly string[];
  readonly input?: string;
}

/** The program, in this process, with another environment and another terminal than ours. */
export async function runCli(args: readonly string[], world: CliWorld = {}): Promise<CliRun> {
  const [out, err, asked]: string[][] = [[], [], []];
  const typed = world.typed === undefined ? undefined : [...world.typed];
  const exitCode = await runProgram(
    {
      env: world.env ?? {},
      write: (line) => void out?.push(line),
      note: (line) => void err?.push(line),
      fromCaller: (path) => resolve(path),
      ask: async (question) => {
        asked?.push(question);
        return typed?.shift();
      },
      readInput: async () => world.input ?? "",
      recompute: recomputeTask,
    },
    args,
  );
  return { exitCode, out: out?.join("\n") ?? "", err: err?.join("\n") ?? "", asked: asked ?? [] };
}

/** The JSON that a command answers, held to its shape. */
export async function cliJson<Schema extends z.ZodType>(
  schema: Schema,
  args: readonly string[],
  world: CliWorld = {},
): Promise<z.output<Schema>> {
  const { exitCode, out, err } = await runCli([...args, "--json"], world);
  if (exitCode !== 0) throw new Error(`hanse ${args.join(" ")} ended with ${exitCode}:\n${err}`);
  return schema.parse(JSON.parse(out));
}

/** The code of the error a command ends with, and its exit code, as a program reads them. */
export async function cliError(
  args: readonly string[],
  world: CliWorld = {},
): Promise<{
  readonly code: string;
  readonly exitCode: number;
  readonly hint: string;
  readonly message: string;
}> {
  const { exitCode, err, out } = await runCli([...args, "--json"], world);
  const line = err.split("\n").findLast((each) => each.startsWith('{"error"'));
  if (line === undefined)
    throw new Error(`hanse ${args.join(" ")} ended with ${exitCode} and no error: ${out}${err}`);
  const told = JSON.parse(line) as {
    error: { code: string; hint: string; message: string };
    exitCode: number;
  };
  if (told.exitCode !== exitCode) throw new Error(`it says ${told.exitCode} and ends with ${exitCode}`);
  return { ...told.error, exitCode };
}
