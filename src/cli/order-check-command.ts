import type { Command } from "commander";
import { orderHash } from "#src/protocol/order-hash.ts";
import { answer } from "./answer.ts";
import { type ConnectionFlags, connect, withConnection } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { checkOrder } from "./order-check.ts";
import { parseSignedOrder, readOrderFile } from "./order-file.ts";

/** `hanse order check`: would it be sealed, and if not, why? */
export function addOrderCheckCommand(order: Command, context: CliContext): void {
  withConnection(order.command("check <file-or-hash>"), context)
    .description("whether an order, published or not, would be sealed now, and what stands against it")
    .action(async (text: string, flags: ConnectionFlags) => {
      const known = /^0x[0-9a-fA-F]{64}$/.test(text);
      const file = known ? undefined : await readOrderFile(context, text);
      const connection = await connect(flags);
      const signed =
        file ?? parseSignedOrder((await connection.broker.order(text.toLowerCase() as `0x${string}`)).order);
      const hash = orderHash(signed);
      const check = await checkOrder(connection, signed);
      const lines =
        check.volume > 0
          ? [`it would be sealed, for ${check.volume} tasks at once`]
          : check.reasons.map(
              ({ leg, message, hint, code, matches }) =>
                `${leg}: ${message} (${matches} of ${Math.max(check.tried, matches)}) ${hint}${code ? ` [${code}]` : ""}`,
            );
      answer(context, flags.json, { hash, type: signed.type, ...check }, lines);
    });
}
