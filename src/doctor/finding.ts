import { BaseError } from "viem";
import { asChainError } from "#src/chain/chain-error.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

/**
 * `wrong`: something will not work. `warning`: something will not work well, or soon not any more. `skipped`: nobody asked
 * for it, and it is not there.
 */
export const STATUSES = ["ok", "skipped", "warning", "wrong"] as const;
export type Status = (typeof STATUSES)[number];

/** One thing that was looked at. */
export interface Finding {
  /** Stable name of what was looked at, such as `disk-space`. */
  readonly check: string;
  readonly status: Status;
  readonly says: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly todo?: string | undefined;
}

export const ok = (check: string, says: string): Finding => ({ check, status: "ok", says });
export const skipped = (check: string, says: string, todo?: string): Finding => ({
  ...{ check, status: "skipped", says, todo },
});
export const warning = (check: string, says: string, todo: string): Finding => ({
  ...{ check, status: "warning", says, todo },
});
export const wrong = (check: string, says: string, todo: string): Finding => ({
  ...{ check, status: "wrong", says, todo },
});

/** A fault as a finding. */
export function findingOf(check: string, error: unknown): Finding {
  const known = error instanceof BaseError ? asChainError(error, "asking the chain") : fromSystemError(error);
  return wrong(check, `${known.shortMessage} [${known.code}]`, known.hint);
}

/** What `look` finds; a fault that it meets is a finding too. */
export async function examined(
  check: string,
  look: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    const found = await look();
    return Array.isArray(found) ? (found as readonly Finding[]) : [found as Finding];
  } catch (error) {
    return [findingOf(check, error)];
  }
}
