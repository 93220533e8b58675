import type { Command } from "commander";
import type { Hex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createPocoReader } from "#src/chain/poco-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { packCommitted } from "#src/protocol/contributions.ts";
import { buyerUnit, taskId, taskIndices } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { answer } from "./answer.ts";
import { parseBytes32, parseCount } from "./arguments.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

/** Claims that go into one transaction. */
const BATCH = 20;

/** `hanse claim`: takes the money of tasks back that nobody certified in time. */
export function addClaimCommand(program: Command, context: CliContext): void {
  withSigner(withChain(program.command("claim <deal...>"), context), context)
    .description(
      "take the money of every task of these deals back that was not certified by its deadline; anyone may",
    )
    .option("--index <number>", "only this task, of one deal")
    .action(
      async (texts: readonly string[], flags: ChainFlags & SignerFlags & { readonly index?: string }) => {
        const ids = texts.map((each) => parseBytes32("deal id", each));
        const only = flags.index === undefined ? undefined : parseCount(flags.index, "--index");
        const connection = await connectToChain(flags);
        const claims = (await Promise.all(ids.map((id) => claimsOf(connection, id, only)))).flat();
        if (claims.length === 0) {
          answer(context, flags.json, { claimed: [], refunded: 0n, transactions: [] }, [
            "every task is settled already",
          ]);
          return;
        }
        const { chain, deployment } = connection;
        const account = await openSigner(context, flags, chain.chainId);
        const sender = createSender({ chain, account });
        const onPoco = { address: deployment.contracts.poco, abi: pocoAbi } as const;
        const transactions: Hex[] = [];
        for (let first = 0; first < claims.length; first += BATCH) {
          const batch = claims.slice(first, first + BATCH);
          const [single] = batch;
          context.note(`claiming ${batch.length} of ${claims.length} tasks`);
          const { transactionHash } =
            batch.length === 1 && single !== undefined
              ? await sender.send({
                  ...onPoco,
                  functionName: "claim",
                  args: [single.deal, single.index, single.seals],
                })
              : await sender.send({ ...onPoco, functionName: "claimBatch", args: [batch] });
          transactions.push(transactionHash);
        }
        const refunded = claims.reduce((sum, { deal }) => sum + buyerUnit(deal), 0n);
        const claimed = claims.map(({ task, index, id }) => ({ deal: id, index, task }));
        answer(context, flags.json, { claimed, refunded, transactions }, [
          ...claimed.map(({ deal, index }) => `task ${index} of ${deal} is claimed back`),
          `${formatHanse(refunded)} HANSE went back to whoever had paid`,
        ]);
      },
    );
}

/** The tasks of a deal that can be claimed now. @throws HANSE_NOT_FOUND, HANSE_CLAIM_NOT_DUE */
async function claimsOf({ chain, deployment }: ChainConnection, id: Hex, only: number | undefined) {
  const { deal } = await createMarketReader(chain, deployment).deal(id);
  const poco = createPocoReader(chain, deployment);
  const indices = taskIndices(deal).filter((index) => only === undefined || index === only);
  if (indices.length === 0) {
    throw new HanseError("HANSE_NOT_FOUND", `the deal has no task ${only}`, {
      hint: "`hanse deal show` lists its tasks.",
      details: { deal: id },
    });
  }
  const tasks = await Promise.all(
    indices.map(async (index) => {
      const task = taskId(deal, index);
      return { task, index, state: await poco.task(task, deal) };
    }),
  );
  const open = tasks.filter(({ state }) => state.status === 0);
  const deadline = deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks;
  const head = await poco.head();
  if (open.length > 0 && head <= deadline) {
    throw new HanseError(
      "HANSE_CLAIM_NOT_DUE",
      `deal ${id} has time until block ${deadline}, and this is ${head}`,
      {
        details: { deal: id, deadline, head },
      },
    );
  }
  return await Promise.all(
    open.map(async ({ task, index, state }) => {
      const seals = (await poco.committed(task, deal, state)).map(packCommitted);
      return { id, task, deal, index, seals };
    }),
  );
}
