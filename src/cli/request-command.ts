import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { bytesToHex, type Hex, hexToBigInt, stringToHex } from "viem";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createTaskWatcher, type TaskEnd } from "#src/chain/task-watcher.ts";
import { publishOrder } from "#src/client/sign-order.ts";
import { fetchContent } from "#src/content/content-client.ts";
import { contentBase } from "#src/content/content-url.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { buyerUnit, taskId } from "#src/protocol/deals.ts";
import { type AssetId, NO_ASSET } from "#src/protocol/ids.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, type Order, request } from "#src/protocol/orders.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import { parseAmount } from "./account-command.ts";
import { answer, fields } from "./answer.ts";
import {
  type CliContext,
  type Connection,
  type ConnectionFlags,
  connect,
  userAccount,
  withConnection,
} from "./connection.ts";
import { goingOffers } from "./going-offers.ts";

interface RequestFlags extends ConnectionFlags {
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
  withConnection(program.command("request"), context)
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
      const order = await composeRequest(context, connection, flags);
      await buy(context, connection, order, flags);
    });
}

async function composeRequest(context: CliContext, connection: Connection, flags: RequestFlags) {
  const { chain, deployment, broker } = connection;
  const requester = userAccount(context, chain.chainId).address;
  const category = parseCount(flags.category, "--category");
  const offers = await goingOffers(broker, {
    app: parseAsset(flags.app),
    dataset: flags.dataset === "none" ? NO_ASSET : parseAsset(flags.dataset),
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
      volume: 1,
      salt: bytesToHex(randomBytes(32)),
    }),
  });
}

async function buy(
  context: CliContext,
  connection: Connection,
  order: Order,
  flags: RequestFlags,
): Promise<void> {
  const { chain, deployment, broker } = connection;
  const timeoutMs = parseCount(flags.timeout, "--timeout") * 1000;
  const account = userAccount({ ...context, note: () => undefined }, chain.chainId);
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
  context.note(`sealed for ${formatHanse(price)} HANSE: deal ${sealed.id}`);
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
  const reader = createMarketReader(connection.chain, connection.deployment);
  // A pool keeps its results where its own description is.
  const asset = await reader.asset(bought.pool);
  const bytes = await fetchContent(end.result.content, { sources: [contentBase(asset.uri) ?? asset.uri] });
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
    answer(context, flags.json, summary, fields({ ...summary, price: `${formatHanse(price)} HANSE` }));
  } else context.write(new TextDecoder().decode(bytes).trimEnd());
}

function parseAsset(text: string | undefined): AssetId | undefined {
  if (text === undefined) return undefined;
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return hexToBigInt(text as Hex);
  throw new HanseError("HANSE_REQUEST_INVALID", `${text} is no asset id`, {
    hint: "An id is 0x and 64 hex digits.",
  });
}

function parseCount(text: string, flag: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new HanseError("HANSE_REQUEST_INVALID", `${flag} ${text}: no whole number from 0 up`, {
    hint: "Give a whole number.",
  });
}
