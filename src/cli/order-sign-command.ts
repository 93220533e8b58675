import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Address } from "viem";
import { orderToJson } from "#src/client/order-schema.ts";
import { createSalts } from "#src/client/salts.ts";
import { signOrder } from "#src/client/sign-order.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { ORDER_TYPES, type OrderType } from "#src/protocol/orders.ts";
import { answer } from "./answer.ts";
import { parseAddress, parseDuration } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ConnectionFlags, connect, withConnection } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { composeOrder, draftOfFile } from "./order-draft.ts";
import { orderFileText, readJsonFile } from "./order-file.ts";
import { draftOfFlags, JURY, withOrderFlags } from "./order-flags.ts";
import { accountOfOrder, checkSignature, epochOf } from "./order-signature.ts";
import { orderInWords } from "./order-words.ts";
import { openSigner, type SignerFlags, signerAddress, withSigner } from "./signer.ts";

interface SignFlags extends ConnectionFlags, SignerFlags, YesFlag {
  readonly from?: string;
  readonly output?: string;
  readonly validFor: string;
  readonly account?: string;
  readonly publish: boolean;
}

/** `hanse order sign app|dataset|pool|request`. */
export function addOrderSignCommand(order: Command, context: CliContext): void {
  const group = commandGroup(order, "sign", "sign an order, told in words before");
  for (const type of ORDER_TYPES) {
    const command = withOrderFlags(group.command(type), type)
      .description(
        type === "request" ? "buy computing" : `sell the use of ${type === "app" ? "an" : "a"} ${type}`,
      )
      .option("--valid-for <time>", "how long it may be sealed, such as 12h or 30d", "30d")
      .option("--account <address>", "the account it is for, where an operator's key signs")
      .option(
        "--from <file>",
        "JSON with the order's fields, amounts in nano-HANSE; flags win; - is standard input",
      )
      .option("--output <file>", "where the signed order goes; default: standard output", context.fromCaller)
      .option("--publish", "hand it to the broker at once", false);
    withYes(withSigner(withConnection(command, context), context)).action(
      async (flags: SignFlags, self: Command) => sign(context, type, flags, self),
    );
  }
}

async function sign(context: CliContext, type: OrderType, flags: SignFlags, self: Command): Promise<void> {
  const typed = draftOfFlags(type, self);
  const validFor = parseDuration(flags.validFor);
  const forAccount = flags.account === undefined ? undefined : parseAddress(flags.account);
  const file =
    flags.from === undefined ? undefined : draftOfFile(type, await readJsonFile(context, flags.from));

  const connection = await connect(flags);
  const { chain, deployment, broker } = connection;
  const { clerk, jury } = deployment.contracts;
  const { certifier } = typed.conditions;
  const fromFlags =
    certifier === JURY ? { ...typed, conditions: { ...typed.conditions, certifier: jury } } : typed;
  const account = forAccount ?? (await signerAddress(context, flags, chain.chainId));
  const { timestamp } = await chain.viem.getBlock();
  const salt = createSalts()();
  const compose = (epoch: bigint) =>
    composeOrder(
      type,
      {
        ...{ certifier: deployment.contracts.poco, account, epoch },
        ...{ validUntil: timestamp + validFor, salt },
      },
      file === undefined ? [fromFlags] : [file, fromFlags],
      file?.terms,
    );
  // Whose epoch counts is known once the order says what it sells.
  const owner: Address = await accountOfOrder(connection, compose(0n));
  const draft = compose(await epochOf(connection, owner));

  context.note(`This order says, once it is signed for ${owner}:`);
  for (const line of orderInWords(draft)) context.note(`  ${line}`);
  await confirm(context, flags, "Sign it?");
  const signer = await openSigner(context, flags, chain.chainId);
  const signed = { ...draft, ...(await signOrder(signer, draft, chain.chainId, clerk)) };
  const operator = await checkSignature(connection, signed, signer.address);
  const hash = orderHash(signed);
  context.note(`signed ${hash}${operator === undefined ? "" : ` by the operator ${operator}`}`);

  const text = orderFileText(signed);
  if (flags.output !== undefined) {
    await writeFile(flags.output, text).catch((error: unknown) => {
      throw fromSystemError(error);
    });
  }
  const published = flags.publish
    ? (await broker.publish(signed, { chainId: chain.chainId, clerk })).status
    : undefined;
  if (published !== undefined) context.note(`published at ${flags.broker}: ${published}`);
  const shown = {
    hash,
    account: owner,
    operator,
    order: orderToJson(signed),
    output: flags.output,
    published,
  };
  const lines = flags.output === undefined && !flags.publish ? [text.trimEnd()] : [hash];
  answer(context, flags.json, shown, lines);
}
