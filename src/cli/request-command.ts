import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { bytesToHex, type Hex, type LocalAccount, stringToHex } from "viem";
import { createTaskWatcher, type TaskEnd } from "#src/chain/task-watcher.ts";
import { publishOrder } from "#src/client/sign-order.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { buyerUnit, taskId } from "#src/protocol/deals.ts";
import { type AssetId, NO_ASSET } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, type Order, request } from "#src/protocol/orders.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import { answer, fields } from "./answer.ts";
import { parseAmount, parseAsset, parseCount } from "./arguments.ts";
import { type Connection, type ConnectionFlags, connect, withConnection } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { goingOffers } from "./going-offers.ts";
import { epochOf } from "./order-signature.ts";
import { fetchNear } from "./result-content.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface RequestFlags extends ConnectionFlags, SignerFlags {
  readonly params: string;
  readonly app?: string;
  readonly dataset?: string;
  readonly trust: string;
  readonly category: string;
  readonly maxPrice?: string;
  readonly output?: string;
  readonly timeout: string;
}

const VALID_FOR_S = 3600n;

/** `hanse request`: buys one computation and fetches its certified result. */
export function addRequestCommand(program: Command, context: CliContext): void {
  withSigner(withConnection(program.command("request"), context), context)
    .description("buy a computation: sign, publish, wait until it is certified, fetch the result")
    .requiredOption("--params <text>", "handed to the app as it is, mostly JSON")
    .option("--app <id>", "the app; default: the one on offer")
    .option("--dataset <id>", "the dataset, or `none`; default: the one on offer, if any")
    .option(
      "--trust <number>",
      "the confidence wanted, by the weights of the workers who agree; 1: one worker, not checked",
      "10",
    )
    .option("--category <number>", "category of resources", "0")
    .option("--max-price <amount>", "most HANSE the pool may ask; default: what it asks now")
    .option("--output <file>", "where the result goes; default: standard output", context.fromCaller)
    .option("--timeout <seconds>", "how long to wait", "300")
    .action(async (flags: RequestFlags) => {
      const connection = await connect(flags);
      const account = await openSigner(context, flags, connection.chain.chainId);
      const order = await composeRequest(account, connection, flags);
      await buy(context, connection, account, order, flags);
    });
}

async function composeRequest(account: LocalAccount, connection: Connection, flags: RequestFlags) {
  const { chain, deployment, broker } = connection;
  const requester = account.address;
  const category = parseCount(flags.category, "--category");
  const offers = await goingOffers(broker, {
    app: flags.app === undefined ? undefined : parseAsset(flags.app),
    dataset:
      flags.dataset === "none"
        ? NO_ASSET
        : flags.dataset === undefined
          ? undefined
          : parseAsset(flags.dataset),
    category,
  });
  const { timestamp } = await chain.viem.getBlock();
  return request({
    requester,
    ...offers,
    ...(flags.maxPrice === undefined ? {} : { maxPoolPrice: parseAmount(flags.maxPrice) }),
    category,
    trust: parseCount(flags.trust, "--trust"),
    params: stringToHex(flags.params),
    conditions: conditions({
      certifier: deployment.contracts.poco,
      validUntil: timestamp + VALID_FOR_S,
      epoch: await epochOf(connection, requester),
      volume: 1,
      salt: bytesToHex(randomBytes(32)),
    }),
  });
}

async function buy(
  context: CliContext,
  connection: Connection,
  account: LocalAccount,
  order: Order,
  flags: RequestFlags,
): Promise<void> {
  const { chain, deployment, broker } = connection;
  const timeoutMs = parseCount(flags.timeout, "--timeout") * 1000;
  const hash = orderHash(order);
  const { clerk } = deployment.contracts;
  await publishOrder(broker, account, order, { chainId: chain.chainId, clerk });
  context.note(`published ${hash}`);

  const watcher = createTaskWatcher({ chain, deployment });
  const sealed = await watcher
    .waitFor("sealing the deal", async () => (await watcher.dealsOf(hash))[0], timeoutMs)
    .catch(async (error: unknown) => {
      const { whyNot } = await broker.order(hash);
      const reason = whyNot[0];
      if (reason === undefined) throw error;
      throw new HanseError("HANSE_ORDER_UNMATCHED", `nobody takes the request: ${reason.message}`, {
        hint: reason.hint,
        details: { order: hash },
      });
    });
  const { deal } = sealed;
  const price = buyerUnit(deal);
  context.note(`sealed for ${inHanse(price)}: deal ${sealed.id}`);
  context.note(`(\`hanse deal show ${sealed.id}\` tells how it went, whatever happens here)`);

  const task = taskId(deal, deal.firstTask);
  const end = await watcher.waitFor("certifying the result", () => watcher.endOf(task), timeoutMs);
  await deliver(context, connection, flags, { deal: sealed.id, task, price, pool: deal.pool }, end);
}

interface Bought {
  readonly deal: Hex;
  readonly task: Hex;
  readonly price: bigint;
  readonly pool: AssetId;
}

async function deliver(
  context: CliContext,
  connection: Connection,
  flags: RequestFlags,
  bought: Bought,
  end: TaskEnd,
) {
  if (end.type !== "certified") {
    const why =
      end.type === "failed"
        ? `it cannot succeed: ${OUTCOMES[end.outcome] ?? end.outcome}`
        : "nobody certified it in time";
    throw new HanseError(
      "HANSE_TASK_FAILED",
      `${why}; the money is back, but for a small fee if workers agreed on the failure`,
      {
        details: { task: bought.task },
      },
    );
  }
  context.note("certified and paid");
  // A pool keeps its results where its own description is.
  const bytes = await fetchNear(connection, end.result.content, bought.pool, []);
  if (flags.output !== undefined) await writeFile(flags.output, bytes);
  const { deal, task, price } = bought;
  const summary = {
    deal,
    task,
    price,
    content: end.result.content,
    bytes: bytes.length,
    output: flags.output,
  };
  if (flags.output !== undefined || flags.json) {
    answer(context, flags.json, summary, fields({ ...summary, price: inHanse(price) }));
  } else context.write(new TextDecoder().decode(bytes).trimEnd());
}
