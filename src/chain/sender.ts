import {
  type Abi,
  type Address,
  BaseError,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  NonceTooLowError,
  type TransactionReceipt,
} from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";

/** A call of a contract that changes state. */
export interface Call {
  readonly address: Address;
  readonly abi: Abi | readonly unknown[];
  readonly functionName: string;
  readonly args: readonly unknown[];
}

export interface Sender {
  readonly address: Address;
  /**
   * Has a call mined.
   * @throws HANSE_TRANSACTION_REVERTED when the contract refuses, mostly before anything is sent;
   * HANSE_TRANSACTION_UNFUNDED; HANSE_TRANSACTION_LOST; HANSE_RPC_UNAVAILABLE
   */
  send(call: Call): Promise<TransactionReceipt>;
}

export interface SenderOptions {
  /** How long to wait for the transaction to be mined, in milliseconds. */
  readonly timeoutMs?: number;
  readonly pollMs?: number;
}

/** Room above the estimate: state may change between the estimate and the block. */
const GAS_MARGIN_PERCENT = 130n;

const NONCE_ATTEMPTS = 3;

/** Sends the transactions of one key, nonces in order, any number waiting to be mined at once. */
export function createSender(
  deps: { readonly chain: ChainClient; readonly account: LocalAccount; readonly clock?: Clock },
  options: SenderOptions = {},
): Sender {
  const { chain, account, clock = systemClock } = deps;
  const { timeoutMs = 60_000, pollMs = 250 } = options;
  const wallet = createWalletClient({ account, transport: http(chain.rpcUrl, { timeout: 10_000 }) });
  let nextNonce: number | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    address: account.address,
    async send(call) {
      const doing = `${call.functionName} by ${account.address}`;
      try {
        const hash = await inTurn(() => submit(call));
        const receipt = await waitFor(hash, doing);
        if (receipt.status === "success") return receipt;
        throw new HanseError("HANSE_TRANSACTION_REVERTED", `${doing} was refused when it was mined`, {
          details: { transaction: hash },
        });
      } catch (error) {
        throw asChainError(error, doing);
      }
    },
  };

  /** One at a time: the nonce is taken by whoever gets through. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function submit(call: Call): Promise<Hex> {
    // The estimate is also the rehearsal: a refusal comes out here, decoded by the ABI, before anything is sent.
    const estimate = await chain.viem.estimateContractGas({ ...call, account } as never);
    const data = encodeFunctionData(call as never);
    const gas = (estimate * GAS_MARGIN_PERCENT) / 100n;
    for (let attempt = 1; ; attempt++) {
      nextNonce ??= await chain.viem.getTransactionCount({ address: account.address, blockTag: "pending" });
      try {
        const hash = await wallet.sendTransaction({
          to: call.address,
          data,
          nonce: nextNonce,
          gas,
          chain: null,
        });
        nextNonce++;
        return hash;
      } catch (error) {
        // Somebody else may use the key too: ask the chain before the next one.
        nextNonce = undefined;
        if (attempt === NONCE_ATTEMPTS || !isNonceTaken(error)) throw error;
      }
    }
  }

  async function waitFor(hash: Hex, doing: string): Promise<TransactionReceipt> {
    const deadline = clock.now() + timeoutMs;
    for (;;) {
      const receipt = await chain.viem.getTransactionReceipt({ hash }).catch(() => undefined);
      if (receipt !== undefined) return receipt;
      if (clock.now() > deadline) {
        nextNonce = undefined;
        throw new HanseError("HANSE_TRANSACTION_LOST", `${doing} was not mined in ${timeoutMs} ms`, {
          details: { transaction: hash },
        });
      }
      await clock.sleep(pollMs);
    }
  }
}

/** Whether the chain refused a transaction for its nonce: then nothing was sent, and another nonce may do. */
function isNonceTaken(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const refused = error.walk(
    (cause) => cause instanceof NonceTooLowError || /nonce too low/i.test(String(cause)),
  );
  return refused !== null;
}
