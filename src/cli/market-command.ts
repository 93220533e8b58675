import type { Command } from "commander";
import type { Hex } from "viem";
import { formatHanse } from "#src/protocol/money.ts";
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
      const { broker } = await connect(flags);
      const found = await broker.deal(id as Hex);
      answer(
        context,
        flags.json,
        found,
        fields({
          deal: found.deal,
          app: found.app,
          dataset: found.dataset,
          pool: found.pool,
          "price per task": `${formatHanse(found.appPrice + found.datasetPrice + found.poolPrice)} HANSE`,
          tasks: `${found.volume}, ${found.openUnits} open`,
          "sealed at": `${found.sealedAt}, block ${found.block}`,
        }),
      );
    });
}
