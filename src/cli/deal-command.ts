import type { Command } from "commander";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createPocoReader } from "#src/chain/poco-reader.ts";
import { createTaskWatcher, type TaskEnd } from "#src/chain/task-watcher.ts";
import { buyerUnit, taskId, taskIndices } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { assetIdToHex, NO_ASSET } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import { answer, fields } from "./answer.ts";
import { parseBytes32 } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { timeWords } from "./time-words.ts";

/** `hanse deal show`: a deal as the chain has it. */
export function addDealCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "deal", "sealed deals");
  withChain(group.command("show <id>"), context)
    .description("what was agreed, and how each of its tasks stands")
    .action(async (text: string, flags: ChainFlags) => {
      const id = parseBytes32("deal id", text);
      const { chain, deployment } = await connectToChain(flags);
      const { deal } = await createMarketReader(chain, deployment).deal(id);
      const watcher = createTaskWatcher({ chain, deployment });
      const poco = createPocoReader(chain, deployment);
      const [head, { timestamp }, { openUnits }] = await Promise.all([
        poco.head(),
        chain.viem.getBlock({ blockNumber: deal.sealedAtBlock }),
        chain.viem.readContract({
          address: deployment.contracts.clerk,
          abi: clerkAbi,
          functionName: "dealState",
          args: [id],
        }),
      ]);
      const deadline = deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks;
      const tasks = await Promise.all(
        taskIndices(deal).map(async (index) => {
          const task = taskId(deal, index);
          const [end, state] = await Promise.all([watcher.endOf(task), poco.task(task, deal)]);
          const { round, overdue } = courseOf(deal, state, head);
          return { index, task, end, round, overdue };
        }),
      );
      const shown = {
        deal: id,
        requester: deal.requester,
        payer: deal.payer,
        app: assetIdToHex(deal.app),
        dataset: deal.dataset === NO_ASSET ? undefined : assetIdToHex(deal.dataset),
        pool: assetIdToHex(deal.pool),
        trust: deal.trust,
        category: deal.category,
      };
      answer(
        context,
        flags.json,
        {
          ...shown,
          ...{ appPrice: deal.appPrice, datasetPrice: deal.datasetPrice, poolPrice: deal.poolPrice },
          ...{ volume: deal.volume, openUnits, sealedAtBlock: deal.sealedAtBlock, deadlineBlock: deadline },
          ...{ sealedAt: timeWords(timestamp), tasks },
        },
        [
          ...fields({
            ...shown,
            "price per task": inHanse(buyerUnit(deal)),
            tasks: `${deal.volume}, ${openUnits} open`,
            "sealed at": `${timeWords(timestamp)}, block ${deal.sealedAtBlock}`,
            deadline: `block ${deadline}, now ${head}`,
          }),
          ...tasks.map(
            ({ index, end, round, overdue }) => `task ${index}: ${describeEnd(end, round, overdue, id)}`,
          ),
        ],
      );
    });
}

function describeEnd(end: TaskEnd | undefined, round: number, overdue: boolean, deal: string): string {
  switch (end?.type) {
    case undefined:
      return overdue
        ? `not certified in time: \`hanse claim ${deal}\` takes the money back`
        : `under way, round ${round}`;
    case "certified":
      return `certified, result ${end.result.content}`;
    case "failed":
      return `certified to fail (${OUTCOMES[end.outcome] ?? end.outcome}), refunded but for a small fee`;
    case "claimed":
      return "not certified in time, refunded";
  }
}
