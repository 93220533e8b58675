import type { Command } from "commander";
import { createPoolClient } from "#src/client/pool-client.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { answer, fields } from "./answer.ts";
import { commandGroup } from "./command-group.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { findTask } from "./find-task.ts";
import { readTaskHistory } from "./task-history.ts";
import { paymentsOf } from "./task-payments.ts";
import { eventInWords, paymentLine, timelineLine } from "./timeline.ts";

interface TaskFlags extends ChainFlags {
  readonly poolUrl?: string;
}

/** `hanse task show`: what happened to a task, in words. */
export function addTaskCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "task", "single tasks of deals");
  withChain(group.command("show <deal-or-task> [index]"), context)
    .description("what happened to a task, from its seal to who was paid; of a deal its first task")
    .option("--pool-url <url>", "also what this pool's scheduler tells", context.env.HANSE_POOL_URL)
    .action(async (id: string, index: string | undefined, flags: TaskFlags) => {
      const connection = await connectToChain(flags);
      const found = await findTask(connection, id, index);
      const events = await readTaskHistory(connection, found);
      const payments = paymentsOf(found.deal, events);
      const scheduler =
        flags.poolUrl === undefined
          ? undefined
          : await createPoolClient({}, { baseUrl: flags.poolUrl }).task(found.task);
      const end = events.find(({ type }) => type === "certified" || type === "failed" || type === "claimed");
      const head = {
        task: found.task,
        deal: found.id,
        index: found.index,
        pool: assetIdToHex(found.deal.pool),
        trust: found.deal.trust,
        status: end?.type ?? "open",
      };
      const timeline = events.map((event) => ({ ...event, says: eventInWords(found.deal, event) }));
      answer(context, flags.json, { ...head, timeline, payments, scheduler }, [
        ...fields(head),
        ...events.map((event) => timelineLine(found.deal, event)),
        ...payments.map(paymentLine),
        ...(scheduler === undefined
          ? []
          : [
              `the scheduler: ${scheduler.says}`,
              ...scheduler.timeline.map(({ block, entry }) => `  block ${block}  ${entry}`),
            ]),
      ]);
    });
}
