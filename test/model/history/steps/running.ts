import type { Address } from "viem";
import type { Committed } from "#src/protocol/contributions.ts";
import type { Deal } from "../../clerk/deal.ts";
import { type OpenTask, taskIdOf } from "../../panel/task.ts";
import { Refused } from "../../refusal.ts";
import { PANELS, type PanelName, type World } from "../world.ts";

/** A task that is under way. */
export interface Running {
  readonly panel: PanelName;
  readonly deal: Deal;
  readonly index: number;
  readonly task: OpenTask;
}

/** Every task that is open, the oldest left to themselves now and then. */
export function runningTasks(world: World): Running[] {
  const { law, chain, random } = world;
  const panelOf = ({ certifier }: Deal) => PANELS.find((name) => chain.contracts[name] === certifier);
  const deals = law.clerk.deals
    .rows()
    .flatMap(({ value }) => (value !== undefined && value.openUnits > 0 ? [value.deal] : []))
    .flatMap((deal) => {
      const panel = panelOf(deal);
      return panel === undefined ? [] : [{ deal, panel }];
    });
  const recent = random.chance(80) ? deals.slice(-8) : deals;
  return recent.flatMap(({ deal, panel }) => {
    const { tasks } = law[panel];
    // Of the millions that a deal may have, the first few are enough.
    const indices = Array.from({ length: Math.min(deal.volume, 4) }, (_, i) => deal.firstTask + i);
    return indices
      .filter((index) => tasks.tasks.get(taskIdOf(deal, index)).status === "open")
      .map((index) => ({ panel, deal, index, task: tasks.findOpen(deal, index) }));
  });
}

/** Whom a task is brought to: seldom the other certifier. */
export function askedPanel({ random, temper }: World, { panel }: Running): PanelName {
  if (!random.chance(temper.strayed / 5)) return panel;
  return panel === "poco" ? "jury" : "poco";
}

/** Whether the law would let this happen; it does not happen by that. */
export function accepts({ law }: World, step: () => void): boolean {
  return law.journal.pretend(() => {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  });
}

/** What was committed, mostly as it was. */
export function someSeals(world: World, { book }: OpenTask): readonly Committed[] {
  const { random } = world;
  return random.chance(96) ? book.seals : random.pick([book.seals.slice(1), [...book.seals].reverse(), []]);
}

/** The deal as it was sealed; seldom one that is better for somebody. */
export function falsified(world: World, deal: Deal, by: Address = world.anybody()): Deal {
  const { random, temper } = world;
  if (!random.chance(temper.strayed / 3)) return deal;
  const lies: ReadonlyArray<Partial<Deal>> = [
    { poolStake: deal.poolStake + 1n },
    { poolPrice: deal.poolPrice + 1n },
    { trust: deal.trust > 2 ? 2 : 0 },
    { payer: by },
    { poolOwner: by },
    { volume: deal.volume - 1 },
    { sealedAtBlock: deal.sealedAtBlock - 5n },
    { certifier: by },
  ];
  return { ...deal, ...random.pick(lies) };
}
