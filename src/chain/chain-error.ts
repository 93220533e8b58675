import {
  BaseError,
  ContractFunctionRevertedError,
  ExecutionRevertedError,
  HttpRequestError,
  InsufficientFundsError,
  RpcRequestError,
  TimeoutError,
} from "viem";
import { HanseError } from "#src/kernel/errors.ts";

/** JSON-RPC errors that pass: internal error, and a limit exceeded. */
const PASSING_CODES = [-32603, -32005];

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
    const name = reverted.data?.errorName;
    return {
      name,
      args: reverted.data?.args ?? [],
      reason: reverted.reason ?? name ?? reverted.shortMessage,
    };
  }
  const plain = error.walk((cause) => cause instanceof ExecutionRevertedError);
  return plain instanceof ExecutionRevertedError
    ? { name: undefined, args: [], reason: plain.details ?? plain.shortMessage }
    : undefined;
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
