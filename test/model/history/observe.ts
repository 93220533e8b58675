import { brokenLaws } from "./broken-laws.ts";
import type { Observation } from "./observations/observation.ts";
import { ofMoney } from "./observations/of-money.ts";
import { ofOrders, ofRights } from "./observations/of-orders.ts";
import { ofPanel, ofPolls, ofSeeds } from "./observations/of-panels.ts";
import { PANELS, type World } from "./world.ts";

/** What differs between the contracts and the model: everything that can be seen, or what was touched and all money. */
export async function differences(world: World, whole: boolean): Promise<string[]> {
  const found: string[] = brokenLaws(world);
  const observed = observations(world, whole);
  const answers = await world.chain.read(observed);
  for (const [i, { what, words }] of observed.entries()) {
    const seen = answers[i] ?? [];
    const told = words.map((each, at) => (each < 0n ? seen[at] : each));
    if (seen.join() !== told.join()) found.push(`${what}: [${words}] by the model, [${seen}] seen`);
  }
  return found;
}

function observations(world: World, whole: boolean): Observation[] {
  return [
    ...ofMoney(world, whole),
    ...ofOrders(world, whole),
    ...ofRights(world, whole),
    ...PANELS.flatMap((name) => ofPanel(world, name, whole)),
    ...ofPolls(world, whole),
    ...ofSeeds(world, whole),
  ];
}
