import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  ExecutionRevertedError,
  type Hex,
  HttpRequestError,
  InsufficientFundsError,
  isHex,
  RpcRequestError,
  TimeoutError,
  toFunctionSelector,
} from "viem";
import { blockhashSeedSourceAbi } from "#src/abi/blockhash-seed-source-abi.ts";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { juryAbi } from "#src/abi/jury-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { ratingsAbi } from "#src/abi/ratings-abi.ts";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** JSON-RPC errors that pass: internal error, an answer that cannot be parsed, and a limit exceeded. */
const PASSING_CODES = [-32603, -32700, -32005, -32007, 429];

/** The contract's own error, where a call or a simulated transaction was refused by one. */
export interface Revert {
  /** Name of the custom error, such as `ClerkBalanceTooLow`; undefined when the ABI has none that fits. */
  readonly name: string | undefined;
  readonly args: readonly unknown[];
  readonly reason: string;
}

/** Finds the contract's error within what viem threw. */
export function revertOf(error: unknown): Revert | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError) {
    // The ABI of a call knows the errors of the contract called, not of those that it calls in turn.
    const { data, raw } = reverted;
    const known = data === undefined ? decode(raw) : { name: data.errorName, args: data.args ?? [] };
    return {
      name: known?.name,
      args: known?.args ?? [],
      reason: reverted.reason ?? known?.name ?? reverted.shortMessage,
    };
  }
  const plain = error.walk((cause) => cause instanceof ExecutionRevertedError);
  if (!(plain instanceof ExecutionRevertedError)) return undefined;
  const reason = plain.details ?? plain.shortMessage;
  // Some nodes tell the error's data, some only its selector, within the text.
  const data = error.walk((cause) => isHex((cause as { data?: unknown }).data)) as { data?: Hex } | null;
  const decoded = decode(data?.data ?? /0x[0-9a-f]{8,}/.exec(reason)?.[0]);
  return { name: decoded?.name, args: decoded?.args ?? [], reason: decoded?.name ?? reason };
}

/** Every error our contracts know: one contract passes another's on. */
const errorsAbi = [
  ...clerkAbi,
  ...keyringAbi,
  ...pocoAbi,
  ...juryAbi,
  ...blockhashSeedSourceAbi,
  ...registryAbi,
  ...receiptAbi,
  ...hubAbi,
  ...ratingsAbi,
  ...tokenAbi,
].filter(({ type }) => type === "error");

function decode(data: string | undefined): { name: string; args: readonly unknown[] } | undefined {
  if (data === undefined || !isHex(data)) return undefined;
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorsAbi as Abi, data });
    return { name: errorName, args: args ?? [] };
  } catch {
    const selector = data.slice(0, 10);
    const found = errorsAbi.find((item) => toFunctionSelector(item as never) === selector) as {
      name?: string;
    };
    return found?.name === undefined ? undefined : { name: found.name, args: [] };
  }
}

/**
 * Turns what viem throws into ours. RPC addresses stay out of the message: they may carry credentials.
 * @param doing what was tried, to complete "… failed"
 */
export function asChainError(error: unknown, doing: string): HanseError {
  if (error instanceof HanseError) return error;
  const revert = revertOf(error);
  if (revert !== undefined) {
    return new HanseError("HANSE_TRANSACTION_REVERTED", `${doing} was refused: ${revert.reason}`, {
      cause: error,
      details: { error: revert.name, args: revert.args },
    });
  }
  if (error instanceof BaseError) {
    const find = (type: new (...args: never[]) => Error) => error.walk((cause) => cause instanceof type);
    if (find(InsufficientFundsError as never)) {
      return new HanseError("HANSE_TRANSACTION_UNFUNDED", `${doing} failed: no coin to pay for gas`, {
        cause: error,
      });
    }
    const answered = find(RpcRequestError as never);
    if (answered instanceof RpcRequestError && !PASSING_CODES.includes(answered.code)) {
      return new HanseError("HANSE_RPC_REFUSED", `${doing} failed: ${answered.details}`, { cause: error });
    }
    if (answered || find(HttpRequestError as never) || find(TimeoutError as never)) {
      return new HanseError("HANSE_RPC_UNAVAILABLE", `${doing} failed: ${error.shortMessage}`, {
        cause: error,
      });
    }
  }
  return new HanseError("HANSE_INTERNAL", `${doing} failed`, { cause: error });
}
