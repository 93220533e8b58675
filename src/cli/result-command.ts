import { readFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { sha256 } from "viem";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { Result } from "#src/protocol/contributions.ts";
import { NO_ASSET } from "#src/protocol/ids.ts";
import { answer, fields } from "./answer.ts";
import { parseCount } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext, Recomputed } from "./context.ts";
import { type FoundTask, findTask } from "./find-task.ts";
import { certifiedResult, fetchNear, parseSources } from "./result-content.ts";

interface SourceFlags extends ChainFlags {
  readonly sources?: string;
}

interface DownloadFlags extends SourceFlags {
  readonly output?: string;
}

interface VerifyFlags extends SourceFlags {
  readonly file?: string;
  readonly recompute: boolean;
  readonly memoryMib: string;
  readonly timeMs: string;
  readonly outputBytes: string;
}

/** `hanse result download|verify`: what was computed, and whether it is that. */
export function addResultCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "result", "what was computed");
  const command = (signature: string) =>
    withChain(group.command(signature), context).option(
      "--sources <urls>",
      "content services to ask first, separated by commas; then the one the pool names",
      context.env.HANSE_CONTENT_SOURCES,
    );

  command("download <deal-or-task> [index]")
    .description("fetch a certified result; what has another hash is refused")
    .option("--output <file>", "where it goes; default: standard output", context.fromCaller)
    .action(async (id: string, index: string | undefined, flags: DownloadFlags) => {
      const connection = await connectToChain(flags);
      const found = await findTask(connection, id, index);
      const { content } = await certifiedResult(connection, found);
      const bytes = await fetchNear(connection, content, found.deal.pool, parseSources(flags.sources));
      if (flags.output !== undefined) {
        await writeFile(flags.output, bytes).catch((error: unknown) => {
          throw fromSystemError(error);
        });
      }
      const shown = { task: found.task, deal: found.id, content, bytes: bytes.length, output: flags.output };
      const text = new TextDecoder().decode(bytes).trimEnd();
      answer(context, flags.json, shown, flags.output === undefined ? [text] : fields(shown));
    });

  command("verify <deal-or-task> [index]")
    .description("whether a result is what was certified; exit code 1 where it is not")
    .option("--file <file>", "the result at hand; default: it is fetched", context.fromCaller)
    .option("--recompute", "compute the task again on this machine, and compare", false)
    .option("--memory-mib <number>", "memory of the pool's tasks", "256")
    .option("--time-ms <number>", "time of the pool's tasks", "60000")
    .option("--output-bytes <number>", "largest output of the pool's tasks", String(16 * 1024 * 1024))
    .action(async (id: string, index: string | undefined, flags: VerifyFlags) => {
      const connection = await connectToChain(flags);
      const found = await findTask(connection, id, index);
      const result = await certifiedResult(connection, found);
      const bytes = await bytesOf(connection, found, result, flags);
      const content = sha256(bytes);
      const again = flags.recompute ? await recompute(connection, found, flags) : undefined;
      const checks = {
        content: content === result.content,
        ...(again === undefined
          ? {}
          : {
              recomputedContent: again.content === result.content,
              recomputedMemory: again.memoryHash === result.memoryHash,
            }),
      };
      const holds = Object.values(checks).every(Boolean);
      const { memoryHash, content: certified } = result;
      answer(
        context,
        flags.json,
        {
          ...{ task: found.task, deal: found.id, holds, checks },
          ...{ certified: { content: certified, memoryHash }, found: { content, bytes: bytes.length } },
          recomputed: again,
        },
        [
          `${verdict(checks.content)} the bytes at hand have the hash that was certified, ${certified}`,
          ...(again === undefined
            ? []
            : [
                `${verdict(again.content === certified)} computed again, the output is the same`,
                `${verdict(again.memoryHash === memoryHash)} and the program's final memory is, ${memoryHash}`,
              ]),
        ],
      );
      if (holds) return;
      throw new HanseError("HANSE_CONTENT_HASH_MISMATCH", "the result is not what was certified", {
        details: { task: found.task, checks },
      });
    });

  async function bytesOf(
    connection: ChainConnection,
    { deal }: FoundTask,
    { content }: Result,
    { file, sources }: VerifyFlags,
  ): Promise<Uint8Array> {
    if (file === undefined) return await fetchNear(connection, content, deal.pool, parseSources(sources));
    return await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT"
        ? new HanseError("HANSE_NOT_FOUND", `there is no file ${file}`, { hint: "Name the result's file." })
        : fromSystemError(error);
    });
  }

  async function recompute(
    connection: ChainConnection,
    { id, deal, params, task, index }: FoundTask,
    flags: VerifyFlags,
  ): Promise<Recomputed> {
    const limits = {
      memoryMib: parseCount(flags.memoryMib, "--memory-mib", 4096),
      timeMs: parseCount(flags.timeMs, "--time-ms"),
      outputBytes: parseCount(flags.outputBytes, "--output-bytes"),
    };
    const sources = parseSources(flags.sources);
    const reader = createMarketReader(connection.chain, connection.deployment);
    const fetchAsset = async (of: bigint): Promise<Uint8Array> => {
      const { checksum } = await reader.asset(of);
      return await fetchNear(connection, checksum, of, sources);
    };
    context.note("fetching the program and what it works on");
    const [app, wasm, dataset] = await Promise.all([
      reader.asset(deal.app),
      fetchAsset(deal.app),
      deal.dataset === NO_ASSET ? undefined : fetchAsset(deal.dataset),
    ]);
    context.note("computing");
    return await context.recompute({ task, dealId: id, index, app, wasm, dataset, params, ...limits });
  }
}

function verdict(holds: boolean): string {
  return holds ? "yes:" : "NO: ";
}
