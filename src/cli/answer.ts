import { stringifyJson } from "#src/http/json.ts";
import type { CliContext } from "./context.ts";

/** Answers with JSON for programs, or with `text` for people. */
export function answer(context: CliContext, json: boolean, value: unknown, text: readonly string[]): void {
  if (json) context.write(stringifyJson(value));
  else for (const line of text) context.write(line);
}

/** Lines of `name  value`, names set to one width. */
export function fields(values: Readonly<Record<string, string | number | undefined>>): string[] {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
