import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";

/**
 * Has a transaction mined that others may send as well. A refusal by the contract is no failure: somebody was faster, or
 * it is too early; the next look at the chain tells.
 * @returns whether it was mined
 */
export async function attempt(logger: Logger, what: string, act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    logger.info({ what }, "mined");
    return true;
  } catch (error) {
    if (!isHanseError(error, "HANSE_TRANSACTION_REVERTED")) throw error;
    logger.info({ what, error: error.details.error, args: error.details.args }, "refused by the contract");
    return false;
  }
}
