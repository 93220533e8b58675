import { CommanderError } from "commander";
import type { CliContext } from "#src/cli/context.ts";
import { type ExitCode, exitCodeOf } from "#src/cli/exit-codes.ts";
import { explainError } from "#src/cli/explain-error.ts";
import { stringifyJson } from "#src/http/json.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createProgram } from "./program.ts";

/**
 * Carries out what was typed, and says what went wrong, to people or to programs.
 * @returns what to end with; commands that run until they are stopped may have set an exit code of their own
 */
export async function runProgram(context: CliContext, called: readonly string[]): Promise<ExitCode> {
  try {
    const program = await createProgram(context, called);
    await program.parseAsync([...called], { from: "user" });
    return 0;
  } catch (error) {
    const json = called.includes("--json");
    // To people it has spoken itself.
    if (error instanceof CommanderError && (!json || error.exitCode === 0)) return exitCodeOf(error);
    const known =
      error instanceof CommanderError
        ? new HanseError("HANSE_ARGUMENT_INVALID", error.message.replace(/^error: /, ""))
        : explainError(error);
    const exitCode = exitCodeOf(known);
    if (json) context.note(stringifyJson({ error: known, exitCode }));
    else context.note(`\n${known.message}${stackOf(known.code, error)}`);
    return exitCode;
  }
}

/** Only of what nobody expected. */
function stackOf(code: string, error: unknown): string {
  return code === "HANSE_INTERNAL" && error instanceof Error ? `\n${error.stack}` : "";
}
