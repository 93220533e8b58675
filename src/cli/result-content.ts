import type { Hex } from "viem";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createTaskWatcher } from "#src/chain/task-watcher.ts";
import { fetchContent } from "#src/content/content-client.ts";
import { contentBase } from "#src/content/content-url.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Result } from "#src/protocol/contributions.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import type { ChainConnection } from "./connection.ts";
import type { FoundTask } from "./find-task.ts";

/**
 * What was certified for a task.
 * @throws HANSE_NOT_READY while it is not, HANSE_TASK_FAILED where it never will be
 */
export async function certifiedResult(
  { chain, deployment }: ChainConnection,
  { task }: FoundTask,
): Promise<Result> {
  const end = await createTaskWatcher({ chain, deployment }).endOf(task);
  if (end?.type === "certified") return end.result;
  if (end === undefined) {
    throw new HanseError("HANSE_NOT_READY", "the task is not certified yet", {
      hint: "`hanse task show` tells how it stands; try again later.",
      details: { task },
    });
  }
  const why =
    end.type === "failed"
      ? `it cannot succeed: ${OUTCOMES[end.outcome] ?? end.outcome}`
      : "nobody certified it in time";
  throw new HanseError("HANSE_TASK_FAILED", `there is no result: ${why}`, { details: { task } });
}

/** Gets content whose hash is right, from the sources named, else from where an asset is said to be. */
export async function fetchNear(
  { chain, deployment }: ChainConnection,
  content: Hex,
  asset: AssetId,
  sources: readonly string[],
): Promise<Uint8Array> {
  const { uri } = await createMarketReader(chain, deployment).asset(asset);
  const told = contentBase(uri);
  return await fetchContent(content, { sources: [...sources, ...(told === undefined ? [] : [told])] });
}

/** URLs separated by commas, as `HANSE_CONTENT_SOURCES` has them. */
export function parseSources(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
