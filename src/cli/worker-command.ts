import type { Command } from "commander";
import { createWorkerClient } from "#src/client/worker-client.ts";
import type { Earnings, TaskEarnings } from "#src/client/worker-schema.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { formatHanse, inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { parseCount } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type JsonFlag, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";

interface EarningsFlags extends JsonFlag {
  readonly workerUrl: string;
  readonly limit: string;
}

/** `hanse worker earnings`: what a running worker tells of itself. It is run by `hanse worker start`. */
export function addWorkerCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "worker", "computes for a pool and earns");

  withJson(group.command("earnings"))
    .description("what a running worker has earned and lost, in sum and by task, newest first")
    .option(
      "--worker-url <url>",
      "base URL of the worker",
      context.env.HANSE_WORKER_URL || "http://127.0.0.1:4110",
    )
    .option("--limit <number>", "most tasks to list; the sums are of all", "20")
    .action(async ({ workerUrl, limit, json }: EarningsFlags) => {
      const most = parseCount(limit, "--limit", 1_000);
      const earnings = await createWorkerClient({}, { baseUrl: workerUrl }).earnings(most);
      answer(context, json, earnings, earningsInWords(earnings));
    });
}

function earningsInWords({ worker, pool, seat, totals, waitingNano, upToBlock, tasks }: Earnings): string[] {
  const sums = fields({
    worker,
    pool,
    seat: seat ?? "none: the pool pays at once",
    earned: inHanse(totals.earnedNano),
    compensated: inHanse(totals.compensatedNano),
    fined: inHanse(totals.finedNano),
    slashed: inHanse(totals.slashedNano),
    forfeited: inHanse(totals.forfeitedNano),
    collected: inHanse(totals.collectedNano),
    "in the seat": inHanse(waitingNano),
    gas: `${totals.gasWei} wei`,
    "up to block": String(upToBlock),
  });
  if (tasks.length === 0) return [...sums, "", "no task has brought or cost anything yet"];
  const head = ["task", "earned", "compensated", "fined", "slashed", "gas (wei)", "block"];
  return [...sums, "", renderTable(head, tasks.map(taskRow))];
}

function taskRow(task: TaskEarnings): string[] {
  const { earnedNano, compensatedNano, finedNano, slashedNano, gasWei, atBlock } = task;
  const amounts = [earnedNano, compensatedNano, finedNano, slashedNano].map(formatHanse);
  return [task.task, ...amounts, String(gasWei), String(atBlock)];
}
