import type { Command } from "commander";
import { HanseError } from "#src/kernel/errors.ts";
import type { CliContext } from "./context.ts";

export interface YesFlag {
  readonly yes: boolean;
}

export function withYes(command: Command): Command {
  return command.option("--yes", "go on without being asked", false);
}

/**
 * Lets the person at the terminal decide. Where nobody is there, a program has called, and what it wrote is meant.
 * @throws HANSE_NOT_CONFIRMED
 */
export async function confirm(context: CliContext, { yes }: YesFlag, question: string): Promise<void> {
  if (yes) return;
  const answered = await context.ask(`${question} (y/N) `);
  if (answered === undefined || /^y(es)?$/i.test(answered.trim())) return;
  throw new HanseError("HANSE_NOT_CONFIRMED", "not confirmed");
}

/**
 * As `confirm`, for what cannot be made good: a program has to say so.
 * @throws HANSE_NOT_CONFIRMED
 */
export async function confirmFinal(context: CliContext, { yes }: YesFlag, question: string): Promise<void> {
  if (yes) return;
  if (/^y(es)?$/i.test(((await context.ask(`${question} (y/N) `)) ?? "").trim())) return;
  throw new HanseError("HANSE_NOT_CONFIRMED", "not confirmed");
}
