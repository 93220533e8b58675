import { BaseError } from "viem";
import { asChainError } from "#src/chain/chain-error.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { inHanse } from "#src/protocol/money.ts";

type Hint = (args: readonly unknown[]) => string;

const hanse = (value: unknown) => (typeof value === "bigint" ? inHanse(value) : String(value));

/** What to do about a contract's refusal, by the name of its error. */
const hints: Readonly<Record<string, Hint>> = {
  ClerkBalanceTooLow: ([, free, wanted]) =>
    `${hanse(wanted)} are needed and ${hanse(free)} are free: \`hanse account deposit\` brings more.`,
  ClerkAllowanceTooLow: () =>
    "Raise what the certifier may hold: `hanse account allow <certifier> <amount>`.",
  ClerkEpochNotRaised: ([, current]) => `The epoch is ${current}, and only rises.`,
  ERC20InsufficientBalance: ([, balance, needed]) =>
    `The wallet has ${hanse(balance)} and ${hanse(needed)} are needed: \`hanse token balance\` shows it.`,
  KeyringKeyInvalid: () => "An account is no operator of itself: name another key.",
  PanelNotPoolOwner: ([, owner]) => `The pool belongs to ${owner}: use that wallet.`,
  PanelPoolAlreadyOpen: () => "A pool's terms never change: register another pool for other terms.",
  PanelTermsInvalid: () => "A share is at most 100 %, and a pool that is not closed needs a seat stake.",
  RegistryAlreadyRegistered: () =>
    "It is registered already: `hanse app show`, `dataset show` and `pool show` tell.",
};

/** Makes an error of whatever kind one that says what to do about it. */
export function explainError(error: unknown): HanseError {
  const known = error instanceof BaseError ? asChainError(error, "asking the chain") : fromSystemError(error);
  if (known.code !== "HANSE_TRANSACTION_REVERTED") return known;
  const { error: name, args } = known.details as { error?: string; args?: readonly unknown[] };
  const hint = name === undefined ? undefined : hints[name]?.(args ?? []);
  if (hint === undefined) return known;
  return new HanseError(known.code, known.shortMessage, { hint, details: known.details });
}
