import { relative } from "node:path";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/**
 * Files that take a minute and more of two cores, in the order in which they begin: one that began last would leave every other
 * core idle. Those that compute alternate with those that wait for blocks. All others follow, in vitest's own order.
 */
const LONGEST = [
  ...["simulation/market/market-1", "simulation/market/market-2"],
  ...["e2e/kill-nine", "e2e/seat-watch", "e2e/one-task"],
  ...["simulation/market/market-3", "simulation/market/market-4"],
  ...["e2e/unreliable-scheduler", "hub/killed-hub", "e2e/killed-shops", "e2e/killed-workers"],
  ...["model/planted-faults", "simulation/market/planted-faults"],
  ...["scripts/deploy/run", "bin/no-secrets", "cli/market-story", "shop/replay/wholesale-replay"],
  ...["shop/sale-faults", "shop/partnership/killed-partners", "cli/jury-story", "shop/replay/five-days"],
  ...["model/market-law", "cli/goods-story", "http-fuzz/shop-fuzz", "http-fuzz/http-fuzz"],
].map((name) => `test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const index = LONGEST.indexOf(relative(project.config.root, moduleId));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
