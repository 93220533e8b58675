import { createMeasuringChain } from "./chain.ts";
import { JURORS, type Market, openMarket } from "./market.ts";
import { FRESH_SALT } from "./orders.ts";
import { GAS_ROWS } from "./rows.ts";
import { commit, complete, drawAny, finalize, poll, rule, seal, trustOf } from "./tasks.ts";

const MEASURED_FROM_BLOCK = 5_000;

/** Gas by the names of `GAS_ROWS`. */
export async function measureGas(): Promise<Readonly<Record<string, number>>> {
  const chain = await createMeasuringChain();
  try {
    const market = await openMarket(chain);
    await tradeOnce(market);
    const measured: Record<string, number> = {};
    for (const [name, row] of Object.entries(GAS_ROWS)) {
      try {
        measured[name] = Number(await chain.apart(() => row.gas(market)));
      } catch (error) {
        throw new Error(`${name} cannot be measured: ${(error as Error).message}`);
      }
    }
    return measured;
  } finally {
    await chain.close();
  }
}

/** Everybody has dealt before: each account, each seat, and the slot of the sellers' salts 0 to 7. */
async function tradeOnce(market: Market): Promise<void> {
  const { deal } = await seal(market, { salt: 0, dataset: true, requestSalt: 0 });
  await complete(market, deal);
  const idle = new Set(market.workers.keys());
  for (let salt = 2 * FRESH_SALT; idle.size > 0; salt++) {
    const { deal } = await seal(market, { salt, dataset: true, trust: trustOf(10), requestSalt: salt });
    const drawn = await drawAny(market, deal);
    await finalize(market, deal, await commit(market, deal, drawn));
    for (const seat of drawn) idle.delete(Number(seat));
  }
  const jurors = new Set(Array(JURORS).keys());
  for (let salt = 4 * FRESH_SALT; jurors.size > 0; salt++) {
    const sealed = { salt, trust: trustOf(3), requestSalt: salt, certifier: market.addresses.jury };
    const { deal } = await seal(market, sealed);
    const drawn = await drawAny(market, deal, market.jury);
    await rule(market, deal, await poll(market, deal, drawn));
    for (const seat of drawn) jurors.delete(Number(seat));
  }
  // How many draws that took is chance, and block numbers are in the calldata.
  await market.chain.mine(MEASURED_FROM_BLOCK - (await market.chain.provider.getBlockNumber()));
}
