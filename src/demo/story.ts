import type { Hex } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createTaskWatcher, type TaskEnd } from "#src/chain/task-watcher.ts";
import type { BrokerClient } from "#src/client/broker-client.ts";
import { createSalts } from "#src/client/salts.ts";
import { publishOrder } from "#src/client/sign-order.ts";
import { fetchContent } from "#src/content/content-client.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { buyerUnit, taskId } from "#src/protocol/deals.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { expectedBasketAnalysis } from "./basket-check.ts";
import { accountOf, LIAR, WORKER_NUMBERS, workerAccount } from "./cast.ts";
import { type Ledger, readLedger, readWorkerBooks } from "./ledger.ts";
import { collectEarnings, type Market } from "./market.ts";
import type { Narrator } from "./narrator.ts";
import { PRICES, questionOrder, requestOrder, sellOrders, type Wish } from "./orders.ts";
import { renderReport } from "./report.ts";

export interface StoryDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly market: Market;
  readonly broker: BrokerClient;
  /** Content services that may have the results. */
  readonly contentSources: readonly string[];
  /** The dataset as text, for the independent computation. */
  readonly csv: string;
  readonly narrator: Narrator;
}

const TRUST = 10;
const FIRST_TWO = ["2010-12-01", "2010-12-02"];
const NEXT_TWO = ["2010-12-03", "2010-12-05"];
const ALL_FIVE = [...FIRST_TWO, ...NEXT_TWO, "2010-12-06"];

/** A task takes some seconds; more than this means that something stands still. */
const TASK_TIMEOUT_MS = 60_000;
/** How often the requester goes on asking for the liar to be drawn. */
const EXTRA_REQUESTS = 8;

/** Publishes what app, dataset and pool owner sell, and what governance lets jurors be asked. */
export async function publishOffers(deps: Omit<StoryDeps, "csv" | "contentSources">): Promise<void> {
  const { chain, deployment, market, broker } = deps;
  const { clerk } = deployment.contracts;
  const { timestamp } = await chain.viem.getBlock();
  for (const { order, role } of sellOrders(market, deployment, timestamp, createSalts()())) {
    await publishOrder(broker, accountOf(role), order, { chainId: chain.chainId, clerk });
  }
  const { juryApp } = await chain.viem.readContract({
    ...{ address: deployment.contracts.receipt, abi: receiptAbi, functionName: "rules" },
  });
  const question = questionOrder(juryApp, deployment, timestamp, createSalts()());
  await publishOrder(broker, accountOf("governance"), question, { chainId: chain.chainId, clerk });
}

/**
 * Plays the whole story; what did not hold is in the narrator's `broken`. Ends with the table of who earned what.
 * @param others what else happens before the account is drawn up
 */
export async function playStory(deps: StoryDeps, others: () => Promise<void>): Promise<string> {
  const { chain, deployment, narrator } = deps;
  const before = await readLedger(chain, deployment);
  let sold = 0;
  const nextSalt = createSalts();
  const buy = async (wish: Omit<Wish, "number">) =>
    await buyTask(deps, { ...wish, number: ++sold }, nextSalt());

  narrator.chapter("A task on trust: one worker of the pool owner's choice");
  await buy({ days: FIRST_TWO, trust: 1 });

  narrator.chapter(
    `Three tasks at trust ${TRUST}: drawn workers repeat the work until a wrong result is that unlikely`,
  );
  await Promise.all([FIRST_TWO, NEXT_TWO, ALL_FIVE].map((days) => buy({ days, trust: TRUST })));

  const liar = workerAccount(LIAR).address;
  const caught = async () => ((await readWorkerBooks(chain, deployment)).get(liar)?.slashed ?? 0n) > 0n;
  for (let extra = 0; extra < EXTRA_REQUESTS && !(await caught()); extra++) {
    if (extra === 0) narrator.chapter("Nobody drew the liar yet: the requester goes on asking");
    await buy({ days: NEXT_TWO, trust: TRUST });
  }

  await others();

  narrator.chapter("The account of it all");
  await collectEarnings(deps, deps.market.pool);
  narrator.say("what the workers earned was collected from their seats");
  const after = await readLedger(chain, deployment);
  await checkMoney(deps, before, after, sold);
  return renderReport(before, after, await readWorkerBooks(chain, deployment));
}

/** Buys one computation, waits for its certified result, and computes it a second time by other means. */
async function buyTask(deps: StoryDeps, wish: Wish, salt: Hex): Promise<void> {
  const { chain, deployment, market, broker, narrator } = deps;
  const watcher = createTaskWatcher({ chain, deployment });
  const name = `task ${wish.number} (${wish.days.length} days, trust ${wish.trust})`;

  const { timestamp } = await chain.viem.getBlock();
  const order = requestOrder(wish, market, deployment, timestamp, salt);
  const { clerk } = deployment.contracts;
  await publishOrder(broker, accountOf("requester"), order, { chainId: chain.chainId, clerk });
  narrator.say(`${name}: signed and published`);

  const deals = await watcher.waitFor(
    `sealing ${name}`,
    async () => {
      const found = await watcher.dealsOf(orderHash(order));
      return found.length > 0 ? found : undefined;
    },
    TASK_TIMEOUT_MS,
  );
  const deal = deals[0]?.deal;
  if (deal === undefined) throw new HanseError("HANSE_INTERNAL", `${name} has no deal`);
  const price = buyerUnit(deal);
  narrator.say(`${name}: sealed on chain for ${formatHanse(price)} HANSE, held in escrow`);

  const task = taskId(deal, deal.firstTask);
  const end = await watcher.waitFor(`certifying ${name}`, () => watcher.endOf(task), TASK_TIMEOUT_MS);
  await checkResult(deps, name, wish, end);
}

async function checkResult(deps: StoryDeps, name: string, wish: Wish, end: TaskEnd): Promise<void> {
  const { narrator, contentSources, csv } = deps;
  if (end.type !== "certified") {
    narrator.check(`${name}: certified`, false, end.type);
    return;
  }
  const found = await fetchContent(end.result.content, { sources: contentSources });
  const expected = expectedBasketAnalysis(csv, { days: [...wish.days], top: 20 });
  const same = Buffer.compare(found, expected) === 0;
  narrator.check(
    `${name}: certified, and an independent computation agrees on all ${expected.length} bytes`,
    same,
  );
}

/** Who had to be paid, and that nothing was created or lost. */
async function checkMoney(deps: StoryDeps, before: Ledger, after: Ledger, sold: number): Promise<void> {
  const { narrator, chain, deployment } = deps;
  const books = await readWorkerBooks(chain, deployment);
  const count = BigInt(sold);
  const change = (name: string) => total(after, name) - total(before, name);
  const expect = (what: string, found: bigint, wanted: bigint) =>
    narrator.check(`${what} ${formatHanse(wanted)} HANSE`, found === wanted, formatHanse(found));

  expect(
    `the requester paid for ${sold} tasks:`,
    -change("requester"),
    count * (PRICES.app + PRICES.dataset + PRICES.pool),
  );
  expect("the app owner earned", change("app owner"), count * PRICES.app);
  expect("the dataset owner earned", change("dataset owner"), count * PRICES.dataset);

  const workers = WORKER_NUMBERS.reduce((sum, number) => sum + change(`worker ${number}`), 0n);
  const rest = change("pool owner") + change("treasury");
  expect("pool owner, workers and treasury together earned", workers + rest, count * PRICES.pool);

  const sum = (ledger: Ledger) => ledger.lines.reduce((all, { free, locked }) => all + free + locked, 0n);
  expect("all accounts together hold what they held before:", sum(after), sum(before));
  expect("the till holds a token for each of it:", after.heldByTill, sum(after));

  for (const number of WORKER_NUMBERS) {
    const book = books.get(workerAccount(number).address);
    if (number === LIAR) {
      narrator.check("the liar was never paid", (book?.rewarded ?? 0n) === 0n);
      if ((book?.slashed ?? 0n) === 0n)
        narrator.say("  the liar was not drawn within the bound; that happens");
      else narrator.check("the liar was drawn, found out and slashed", true);
    } else {
      narrator.check(`worker ${number} was never slashed`, (book?.slashed ?? 0n) === 0n);
    }
  }
}

function total(ledger: Ledger, name: string): bigint {
  const line = ledger.lines.find((each) => each.name === name);
  return line === undefined ? 0n : line.free + line.locked;
}
