import type { JsonRpcProvider } from "ethers";
import { HanseError } from "#src/kernel/errors.ts";
import type { MarketParameters } from "./parameters.ts";

/** Blocks by which a chain's pace is measured. */
const MEASURED = 1_000;
/** With fewer there is nothing to measure. */
const FEWEST = 20;
/** Of a chain whose pace is not known: as fast as time is told. */
const FASTEST = 1;

/** How long (seconds) a block of the chain takes now, on average. */
export async function measureBlockSeconds(provider: JsonRpcProvider): Promise<number> {
  const head = await provider.getBlock("latest");
  // The first block may be of any time.
  const from = Math.max(1, (head?.number ?? 0) - MEASURED);
  if (head === null || head.number - from < FEWEST) return FASTEST;
  const before = await provider.getBlock(from);
  return before === null ? FASTEST : (head.timestamp - before.timestamp) / (head.number - from);
}

/**
 * Jurors' deadline is told in blocks, the Receipt's time to rule in seconds, and neither can be changed: jurors who may rule
 * after that time rule for nothing, and whoever is wrong wins by waiting.
 * @throws HANSE_CONFIG_INVALID where the one does not fit the other
 */
export function checkRulingTime(
  { juryCategories, receipt }: Pick<MarketParameters, "juryCategories" | "receipt">,
  blockSeconds: number,
): void {
  const { juryCategory, rulingTime } = receipt;
  const category = juryCategories[juryCategory];
  // Governance may add it: then it is governance's to see to.
  if (category === undefined) return;
  const deadlineSeconds = Math.ceil(category.deadlineBlocks * blockSeconds);
  if (deadlineSeconds < rulingTime) return;
  throw new HanseError(
    "HANSE_CONFIG_INVALID",
    `jurors of juryCategories.${juryCategory} have ${category.deadlineBlocks} blocks, which take about ${deadlineSeconds} seconds here, and receipt.rulingTime is over after ${rulingTime}`,
    {
      hint: "Make receipt.rulingTime longer than that, by the time until jurors are summoned too, or the category's deadlineBlocks less: nobody can change them later.",
      details: { ...category, juryCategory, blockSeconds, deadlineSeconds, rulingTime },
    },
  );
}
