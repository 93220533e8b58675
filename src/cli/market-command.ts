import type { Command } from "commander";
import { formatHanse } from "#src/protocol/money.ts";
import { answer } from "./answer.ts";
import { parseCount } from "./arguments.ts";
import { type ConnectionFlags, connect, withConnection } from "./connection.ts";
import type { CliContext } from "./context.ts";

/** `hanse market`: what a broker's book holds. */
export function addMarketCommand(program: Command, context: CliContext): void {
  withConnection(program.command("market [category]"), context)
    .description("depth of a market: what pools ask and requesters bid")
    .action(async (text: string | undefined, flags: ConnectionFlags) => {
      const category = parseCount(text ?? "0", "category", 65_535);
      const { broker } = await connect(flags);
      const depth = await broker.depth(category);
      const level = (side: string) => (each: { price: bigint; volume: number; orders: number }) =>
        `${side}  ${formatHanse(each.price).padStart(14)} HANSE  ${String(each.volume).padStart(8)} tasks  ${each.orders} orders`;
      const lines = [...depth.asks.map(level("ask")).reverse(), ...depth.bids.map(level("bid"))];
      answer(context, flags.json, depth, lines.length > 0 ? lines : ["nothing is asked or bid"]);
    });
}
