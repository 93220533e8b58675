import type { Command } from "commander";
import type { Hex } from "viem";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createTaskWatcher, type TaskEnd } from "#src/chain/task-watcher.ts";
import { taskId, taskIndices } from "#src/protocol/deals.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import { answer, fields } from "./answer.ts";
import { type CliContext, type ConnectionFlags, connect, withConnection } from "./connection.ts";

/** `hanse market`, `hanse order` and `hanse deal`: what a broker knows. */
export function addMarketCommands(program: Command, context: CliContext): void {
  withConnection(program.command("market [category]"), context)
    .description("depth of a market: what pools ask and requesters bid")
    .action(async (category: string | undefined, flags: ConnectionFlags) => {
      const { broker } = await connect(flags);
      const depth = await broker.depth(Number(category ?? 0));
      const level = (side: string) => (each: { price: bigint; volume: number; orders: number }) =>
        `${side}  ${formatHanse(each.price).padStart(14)} HANSE  ${String(each.volume).padStart(8)} tasks  ${each.orders} orders`;
      const lines = [...depth.asks.map(level("ask")).reverse(), ...depth.bids.map(level("bid"))];
      answer(context, flags.json, depth, lines.length > 0 ? lines : ["nothing is asked or bid"]);
    });

  const order = program.command("order").description("orders at the broker");
  withConnection(order.command("show <hash>"), context)
    .description("an order's state, its history, and why it is not matched")
    .action(async (hash: string, flags: ConnectionFlags) => {
      const { broker } = await connect(flags);
      const found = await broker.order(hash as Hex);
      answer(context, flags.json, found, [
        ...fields({
          order: found.hash,
          type: found.type,
          signer: found.signer,
          status: found.status,
          filled: `${found.filled} of ${found.volume}`,
          blocked: found.blocked?.message,
        }),
        ...found.whyNot.map(
          ({ leg, message, hint, code }) =>
            `not matched (${leg}): ${message} ${hint}${code ? ` [${code}]` : ""}`,
        ),
        ...found.history.map(({ type, at }) => `${at}  ${type}`),
      ]);
    });

  const deal = program.command("deal").description("sealed deals");
  withConnection(deal.command("show <id>"), context)
    .description("what was agreed, and how many of its tasks are open")
    .action(async (id: string, flags: ConnectionFlags) => {
      const { broker, chain, deployment } = await connect(flags);
      const found = await broker.deal(id as Hex);
      const { deal } = await createMarketReader(chain, deployment).deal(id as Hex);
      const watcher = createTaskWatcher({ chain, deployment });
      const tasks = await Promise.all(
        taskIndices(deal).map(async (index) => ({
          index,
          end: await watcher.endOf(taskId(deal, index)),
        })),
      );
      answer(context, flags.json, { ...found, tasks }, [
        ...fields({
          deal: found.deal,
          app: found.app,
          dataset: found.dataset,
          pool: found.pool,
          "price per task": `${formatHanse(found.appPrice + found.datasetPrice + found.poolPrice)} HANSE`,
          tasks: `${found.volume}, ${found.openUnits} open`,
          "sealed at": `${found.sealedAt}, block ${found.block}`,
        }),
        ...tasks.map(({ index, end }) => `task ${index}: ${describeEnd(end)}`),
      ]);
    });
}

function describeEnd(end: TaskEnd | undefined): string {
  switch (end?.type) {
    case undefined:
      return "under way";
    case "certified":
      return `certified, result ${end.result.content}`;
    case "failed":
      return `certified to fail (${OUTCOMES[end.outcome] ?? end.outcome}), refunded but for a small fee`;
    case "claimed":
      return "not certified in time, refunded";
  }
}
