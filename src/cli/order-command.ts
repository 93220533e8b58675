import type { Command } from "commander";
import type { Hex } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { createTaskWatcher } from "#src/chain/task-watcher.ts";
import type { OrderQuery, OrderState } from "#src/client/broker-schema.ts";
import { ORDER_STATUSES } from "#src/client/broker-schema.ts";
import { ORDER_TYPES, type OrderType } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseAddress, parseBytes32, parseCount, parseNames } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type Connection, type ConnectionFlags, connect, withConnection } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { addOrderCheckCommand } from "./order-check-command.ts";
import { parseSignedOrder, readOrderFile } from "./order-file.ts";
import { addOrderSignCommand } from "./order-sign-command.ts";
import { openSigner, type SignerFlags, signerAddress, withSigner } from "./signer.ts";

interface ListFlags extends ConnectionFlags, SignerFlags {
  readonly type?: string;
  readonly status?: string;
  readonly signer?: string;
  readonly mine: boolean;
  readonly limit: string;
  readonly before?: string;
}

interface CancelFlags extends ConnectionFlags, SignerFlags {
  readonly onChain: boolean;
  readonly type?: string;
  readonly salt?: string;
}

/** `hanse order`: sign, publish, look at and cancel orders. */
export function addOrderCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "order", "sign, publish, look at and cancel orders");
  addOrderSignCommand(group, context);

  withConnection(group.command("publish <file>"), context)
    .description("hand a signed order to a broker; - is standard input; done twice, it does no harm")
    .action(async (path: string, flags: ConnectionFlags) => {
      const order = await readOrderFile(context, path);
      const { broker, chain, deployment } = await connect(flags);
      const { clerk } = deployment.contracts;
      const { hash } = await broker.publish(order, { chainId: chain.chainId, clerk });
      await show(flags, { broker, chain, deployment }, hash);
    });

  withConnection(group.command("show <hash>"), context)
    .description("an order's state, its history, and why it is not matched")
    .action(async (text: string, flags: ConnectionFlags) => {
      const hash = parseBytes32("order hash", text);
      await show(flags, await connect(flags), hash);
    });

  withSigner(withConnection(group.command("list"), context), context)
    .description("orders a broker has, newest first")
    .option("--type <type>", ORDER_TYPES.join(", "))
    .option("--status <status>", ORDER_STATUSES.join(", "))
    .option("--signer <address>", "signed for this account")
    .option("--mine", "signed for your account", false)
    .option("--limit <number>", "at most so many, up to 200", "50")
    .option("--before <next>", "the next page, as `next` of the page before says")
    .action(async (flags: ListFlags) => {
      const query = await queryOf(flags);
      const { broker, chain } = await connect(flags);
      const signer = flags.mine ? await signerAddress(context, flags, chain.chainId) : query.signer;
      const page = await broker.orders({ ...query, ...(signer === undefined ? {} : { signer }) });
      const lines = page.orders.map(describeState);
      if (page.next !== undefined) lines.push(`more: --before ${page.next}`);
      answer(context, flags.json, page, lines.length > 0 ? lines : ["no such orders"]);
    });

  withSigner(withConnection(group.command("cancel [hash]"), context), context)
    .description("take an order off the broker's book; with --on-chain cancel it for good, wherever it is")
    .option("--on-chain", "in a transaction: nobody who has the order can use it any more", false)
    .option("--type <type>", "with --on-chain and --salt, of orders the broker does not know")
    .option("--salt <salt>", "cancels all your orders of the type with this salt")
    .action(cancel);

  addOrderCheckCommand(group, context);

  async function queryOf({ type, status, signer, limit, before }: ListFlags): Promise<OrderQuery> {
    return {
      limit: parseCount(limit, "--limit", 200),
      ...(type === undefined ? {} : { type: parseName(type, ORDER_TYPES, "type") }),
      ...(status === undefined ? {} : { status: parseName(status, ORDER_STATUSES, "status") }),
      ...(signer === undefined ? {} : { signer: parseAddress(signer) }),
      ...(before === undefined ? {} : { before }),
    };
  }

  async function cancel(text: string | undefined, flags: CancelFlags): Promise<void> {
    const hash = text === undefined ? undefined : parseBytes32("order hash", text);
    const named =
      flags.type !== undefined && flags.salt !== undefined
        ? { type: parseName(flags.type, ORDER_TYPES, "type"), salt: parseBytes32("salt", flags.salt) }
        : undefined;
    if (hash === undefined && (named === undefined || !flags.onChain)) {
      throw invalid("it is not said which order", "Give its hash, or --on-chain with --type and --salt.");
    }
    const { broker, chain, deployment } = await connect(flags);
    if (!flags.onChain) {
      const signer = await openSigner(context, flags, chain.chainId);
      const state = await broker.cancel(hash as Hex, signer);
      context.note(
        "It is off this broker's book. Whoever has it may still seal it: --on-chain cancels it for good.",
      );
      answer(context, flags.json, state, [describeState(state)]);
      return;
    }
    const { type, salt } = named ?? saltOf(await broker.order(hash as Hex));
    const account = await openSigner(context, flags, chain.chainId);
    const { transactionHash } = await createSender({ chain, account }).send({
      address: deployment.contracts.clerk,
      abi: clerkAbi,
      functionName: "cancel",
      args: [LEGS.indexOf(type), [salt]],
    });
    answer(context, flags.json, { account: account.address, type, salt, transaction: transactionHash }, [
      `every ${type} order of ${account.address} with salt ${salt} is cancelled for good`,
    ]);
  }

  function saltOf({ order }: OrderState): { readonly type: OrderType; readonly salt: Hex } {
    const signed = parseSignedOrder(order);
    return { type: signed.type, salt: signed.order.conditions.salt };
  }

  async function show({ json }: ConnectionFlags, connection: Connection, hash: Hex): Promise<void> {
    const found = await connection.broker.order(hash);
    // Of a request the chain says what became of it.
    const sealed = found.type === "request" ? await createTaskWatcher(connection).dealsOf(hash) : [];
    const deals = sealed.map(({ id }) => id);
    answer(context, json, { ...found, deals }, [
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
      ...deals.map((deal) => `deal    ${deal}`),
    ]);
  }
}

function describeState({ hash, type, status, filled, volume, signer }: OrderState): string {
  return `${hash}  ${type.padEnd(7)}  ${status.padEnd(9)}  ${filled} of ${volume}  ${signer}`;
}

function parseName<Name extends string>(text: string, known: readonly Name[], what: string): Name {
  const [name, ...more] = parseNames(text, known, what);
  if (name !== undefined && more.length === 0) return name;
  throw invalid(`${text} is no ${what}`, `Choose one of: ${known.join(", ")}.`);
}
