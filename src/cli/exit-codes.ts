import { CommanderError } from "commander";
import type { ErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** What the program ends with, and what it means; scripts rely on it. */
export const EXIT_CODES = {
  0: "done; of `doctor` and `result verify`: and nothing is wrong",
  1: "failed, for a reason the others do not name",
  2: "a wrong call: an unknown command or option, or an argument that cannot be one",
  3: "not found: an order, deal, task, asset, wallet, content, shop or product",
  4: "a contract refused",
  5: "not reachable: the chain, a service or the database",
  6: "a service refused, such as a broker an order, or a shop a checkout",
  130: "interrupted",
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

const codes: Partial<Record<ErrorCode, ExitCode>> = {
  HANSE_ARGUMENT_INVALID: 2,
  HANSE_NOT_FOUND: 3,
  HANSE_CONTENT_NOT_FOUND: 3,
  HANSE_TASK_UNKNOWN: 3,
  HANSE_DEAL_UNKNOWN: 3,
  HANSE_ORDER_ASSET_UNKNOWN: 3,
  HANSE_WALLET_NOT_FOUND: 3,
  HANSE_SHOP_UNKNOWN: 3,
  HANSE_PRODUCT_UNKNOWN: 3,
  HANSE_SALE_UNKNOWN: 3,
  HANSE_CHECKOUT_UNKNOWN: 3,
  HANSE_TRANSACTION_REVERTED: 4,
  HANSE_RPC_UNAVAILABLE: 5,
  HANSE_DATABASE_UNAVAILABLE: 5,
  HANSE_PEER_UNREACHABLE: 5,
  HANSE_PEER_TIMED_OUT: 5,
  HANSE_NOT_READY: 5,
  HANSE_PEER_REFUSED: 6,
  HANSE_UNAUTHORIZED: 6,
  HANSE_FORBIDDEN: 6,
  HANSE_CONFLICT: 6,
  HANSE_RATE_LIMITED: 6,
  HANSE_REQUEST_INVALID: 6,
  HANSE_OUT_OF_STOCK: 6,
  HANSE_RIGHT_MISSING: 6,
  HANSE_STOCK_RESERVED: 6,
  HANSE_CATALOGUE_INVALID: 6,
  HANSE_REVIEW_UNRATED: 6,
  HANSE_INTERRUPTED: 130,
};

/** Families of codes with which services refuse. */
const REFUSALS = ["HANSE_ORDER_", "HANSE_PARTNERSHIP_", "HANSE_QUOTE_", "HANSE_SALE_", "HANSE_CHECKOUT_"];

export function exitCodeOf(error: unknown): ExitCode {
  // `--help` and `--version` end in an error of commander's too, which is none.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof HanseError)) return 1;
  return codes[error.code] ?? (REFUSALS.some((family) => error.code.startsWith(family)) ? 6 : 1);
}
