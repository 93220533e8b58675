import type { Hex } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { createMarketReader, type SealedDeal } from "#src/chain/market-reader.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { taskId, taskIndices } from "#src/protocol/deals.ts";
import { parseBytes32, parseCount } from "./arguments.ts";
import type { ChainConnection } from "./connection.ts";

/** A task and the deal it is of. */
export interface FoundTask extends SealedDeal {
  readonly task: Hex;
  /** In its request. */
  readonly index: number;
}

/**
 * Finds a task by its own id, or by its deal's and its index: without one, the deal's first.
 * @throws HANSE_NOT_FOUND, HANSE_ARGUMENT_INVALID
 */
export async function findTask(
  connection: ChainConnection,
  text: string,
  indexText: string | undefined,
): Promise<FoundTask> {
  const id = parseBytes32("deal or task id", text);
  const index = indexText === undefined ? undefined : parseCount(indexText, "index");
  const sealed = await createMarketReader(connection.chain, connection.deployment)
    .deal(id)
    .catch((error: unknown) => {
      if (isHanseError(error, "HANSE_NOT_FOUND")) return undefined;
      throw error;
    });
  if (sealed === undefined) return await findByTaskId(connection, id);
  const indices = taskIndices(sealed.deal);
  const wanted = index ?? sealed.deal.firstTask;
  if (indices.includes(wanted)) return { ...sealed, index: wanted, task: taskId(sealed.deal, wanted) };
  throw new HanseError("HANSE_NOT_FOUND", `the deal has no task ${wanted}`, {
    hint: `Its tasks are ${indices[0]} to ${indices.at(-1)}.`,
    details: { deal: id, index: wanted },
  });
}

/** A task's id does not tell its deal: all deals are looked through, the newest first. */
async function findByTaskId({ chain, deployment }: ChainConnection, id: Hex): Promise<FoundTask> {
  const logs = await chain.viem.getContractEvents({
    address: deployment.contracts.clerk,
    abi: clerkAbi,
    eventName: "DealSealed",
    fromBlock: deployment.deployedAtBlock,
  });
  for (const { args } of logs.reverse()) {
    const { id: dealId, deal, params } = args;
    if (dealId === undefined || deal === undefined || params === undefined) continue;
    const index = taskIndices(deal).find((each) => taskId(deal, each) === id);
    if (index !== undefined) return { id: dealId, deal, params, index, task: id };
  }
  throw new HanseError("HANSE_NOT_FOUND", `no deal or task ${id} is on the chain`, {
    hint: "Check the id; `hanse order show <hash>` names the deals of an order.",
    details: { id },
  });
}
