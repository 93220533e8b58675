import type { Command } from "commander";
import { createPoolClient } from "#src/client/pool-client.ts";
import type { Account, PoolAccount } from "#src/client/pool-schema.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { formatHanse, inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseBytes32 } from "./arguments.ts";
import { type JsonFlag, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";

interface AccountFlags extends JsonFlag {
  readonly poolUrl: string;
  readonly from?: string;
  readonly to?: string;
}

/** Adds `hanse pool account`: what a pool's scheduler tells of its money. */
export function addPoolAccountCommand(group: Command, context: CliContext): void {
  withJson(group.command("account [deal]"))
    .description(
      "what tasks brought and cost the pool: price and shares, stakes, fines and gas; of all deals or one",
    )
    .option(
      "--pool-url <url>",
      "base URL of the pool's scheduler",
      context.env.HANSE_POOL_URL || "http://127.0.0.1:4101",
    )
    .option("--from <day>", "first day, as 2026-01-31 (UTC)")
    .option("--to <day>", "last day, as 2026-01-31 (UTC)")
    .action(async (text: string | undefined, { poolUrl, from, to, json }: AccountFlags) => {
      const client = createPoolClient({}, { baseUrl: poolUrl });
      if (text === undefined) {
        const days = { from: parseDay(from), to: parseDay(to) };
        const account = await client.account(days);
        answer(context, json, account, [...accountInWords(account.total), "", ...daysInWords(account.days)]);
        return;
      }
      if (from !== undefined || to !== undefined) {
        throw invalid("the account of one deal is not by days", "Leave --from and --to out, or the deal.");
      }
      const account = await client.dealAccount(parseBytes32("deal id", text));
      const { dealId, order, poolPriceNano } = account;
      const deal = fields({ deal: dealId, order, "price per task": inHanse(poolPriceNano) });
      answer(context, json, account, [...deal, "", ...accountInWords(account)]);
    });
}

function parseDay(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(Number.NaN);
  // A day that no month has would be taken for one of the next.
  if (!Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)) return text;
  throw invalid(`${text} is no day`, "Write it as 2026-01-31.");
}

function accountInWords(account: Account): string[] {
  const { open, certified, failed, claimed } = account.tasks;
  return fields({
    tasks: `${certified} certified, ${failed} failed, ${claimed} claimed, ${open} open`,
    income: inHanse(account.incomeNano),
    "workers' rewards": inHanse(account.rewardsNano),
    "of failed tasks": inHanse(account.failureFeesNano),
    "of wrong stakes": inHanse(account.spoilsNano),
    "workers' fines": inHanse(account.finesNano),
    "stake locked": inHanse(account.stakeLockedNano),
    "stake returned": inHanse(account.stakeReturnedNano),
    "stake slashed": inHanse(account.stakeSlashedNano),
    "stake held": inHanse(account.stakeHeldNano),
    profit: inHanse(account.profitNano),
    gas: `${account.gas} in ${account.transactions} transactions, ${account.costWei} wei`,
  });
}

function daysInWords(days: PoolAccount["days"]): string[] {
  if (days.length === 0) return ["nothing was settled or spent on any day"];
  const head = ["day", "settled", "income", "rewards", "slashed", "profit", "gas (wei)"];
  const rows = days.map((day) => [
    day.day,
    String(day.settled),
    ...[day.incomeNano, day.rewardsNano, day.stakeSlashedNano, day.profitNano].map(formatHanse),
    String(day.costWei),
  ]);
  return [renderTable(head, rows)];
}
