import { id, type TransactionReceipt, type Typed } from "ethers";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { dealId, taskId } from "#src/protocol/ids.ts";
import type { Market } from "./market.ts";
import { type BatchOptions, batchOf } from "./orders.ts";

type SealedDeal = Exclude<Parameters<Market["poco"]["complete"]>[0], Typed>;

const RESULT: Result = {
  outcome: 0,
  content: id("output") as `0x${string}`,
  memoryHash: id("memory") as `0x${string}`,
  callbackData: "0x",
};

/** A trust that fresh workers reach in so many places. */
export const trustOf = (places: number) => (places === 1 ? 1 : 2 ** (places - 1) + 1);

/** Seals a batch. @returns the receipt and the first deal */
export async function seal(market: Market, options: BatchOptions) {
  const { chain, clerk, requester } = market;
  const receipt = await chain.send(
    requester,
    clerk.seal.populateTransaction(await batchOf(market, options), true),
  );
  return { receipt, deal: dealOf(market, receipt) };
}

function dealOf({ clerk }: Market, receipt: TransactionReceipt): SealedDeal {
  for (const log of receipt.logs) {
    if (log.topics[0] !== clerk.filters.DealSealed.fragment.topicHash) continue;
    const { deal } = clerk.interface.decodeEventLog(clerk.filters.DealSealed.fragment, log.data, log.topics);
    // A plain copy: what ethers decodes is frozen, and refuses to be encoded again.
    return deal.toObject() as SealedDeal;
  }
  throw new Error("nothing was sealed");
}

/** The one worker of a task of trust 1 has answered. */
export async function complete(market: Market, deal: SealedDeal): Promise<TransactionReceipt> {
  const { chain, poco, poolOwner, workers } = market;
  const [worker] = workers;
  if (worker === undefined) throw new Error("there are no workers");
  return await chain.send(poolOwner, poco.complete.populateTransaction(deal, 0, worker.address, RESULT));
}

/** Whoever the next block draws. */
export async function drawAny({ chain, poco }: Market, deal: SealedDeal): Promise<readonly bigint[]> {
  await chain.mine(2);
  return await poco.drawnSeats(deal, 0, 1);
}

/**
 * Mines the block that draws, late enough that no draw meets another's number. What a draw costs depends on that by some
 * hundred gas, and the hash of a block on all that was ever done on the chain: a row would change with other rows' code.
 * This kind of draw costs most. What remains of the chance is who is drawn: some ten gas, for zeros in the calldata.
 */
export async function drawPlainly({ chain, poco }: Market, deal: SealedDeal): Promise<readonly bigint[]> {
  for (let delay = 0; delay < 10_000; delay++) {
    const drawLate = async () => {
      await chain.mine(2, delay);
      return await poco.drawnSeats(deal, 0, 1);
    };
    const drawn = await chain.apart(drawLate);
    // A number that another draw had moved away is below all that were drawn from their own place.
    if (drawn.every((seat) => seat >= drawn.length)) return await drawLate();
  }
  throw new Error("no plain draw was found: does the pool have enough seats?");
}

/** The drawn workers commit in one transaction. */
export async function commit(market: Market, deal: SealedDeal, drawn: readonly bigint[]) {
  const { chain, poco, poolOwner, workers, addresses } = market;
  const task = taskId(dealId((await deal.requestId) as `0x${string}`, 0), 0);
  const digest = roundDigest(1, task, resultHash(RESULT));
  const contributions = [];
  for (const seat of drawn) {
    const worker = workers[Number(seat)];
    if (worker === undefined) throw new Error(`nobody sits in seat ${seat}`);
    const content = { taskId: task, round: 1, seal: sealOf(worker.address as `0x${string}`, digest) };
    const types = { Contribution: [...CONTRIBUTION_TYPED_DATA.Contribution] };
    const signature = await worker.signTypedData(pocoDomain(chain.chainId, addresses.poco), types, content);
    contributions.push({ seat, seal: content.seal, signature });
  }
  const receipt = await chain.send(poolOwner, poco.commit.populateTransaction(deal, 0, contributions));
  const [log] = receipt.logs;
  if (log === undefined) throw new Error("nothing was committed");
  const { seals } = poco.interface.decodeEventLog("SealsCommitted", log.data, log.topics);
  const committed = [...seals].map(({ by, seal }) => ({ by, seal }));
  return { receipt, committed };
}

type Commitment = Awaited<ReturnType<typeof commit>>;

export async function finalize(market: Market, deal: SealedDeal, { committed }: Commitment) {
  const { chain, poco, poolOwner } = market;
  return await chain.send(poolOwner, poco.finalize.populateTransaction(deal, 0, committed, RESULT));
}
