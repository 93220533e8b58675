import type { CursorFact } from "./facts.ts";
import type { Report } from "./finding.ts";

/** Whether a database is on the chain's branch. @returns how far it has come; undefined: nothing in it can be compared */
export function auditCursor(
  what: string,
  cursor: CursorFact | undefined,
  report: Report,
): bigint | undefined {
  if (cursor === undefined) return undefined;
  const { own, onChain } = cursor;
  if (own.hash === onChain?.hash) return own.number;
  report("CURSOR_OFF_CHAIN", what, `block ${own.number} is ${onChain?.hash ?? "not there"}`, own.hash);
  return undefined;
}
