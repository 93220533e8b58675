import { REFUSALS } from "#src/protocol/refusals.ts";
import type { Moment } from "../moment.ts";
import { Refused } from "../refusal.ts";
import type { MarketChain, Sent } from "./market-chain.ts";
import { differences } from "./observe.ts";
import { chooseSteps } from "./steps/choose.ts";
import { opening } from "./steps/opening.ts";
import type { Call, Question, Step } from "./steps/step.ts";
import { World, type WorldOptions } from "./world.ts";

/** How often everything that can be seen is compared; in between only money, pools and what was touched. */
const WHOLE_EVERY = 50;

export interface HistoryOptions extends WorldOptions {
  /** How many transactions after the opening. */
  readonly steps: number;
}

/** What a history was made of. */
export interface HistoryReport {
  readonly steps: number;
  readonly accepted: number;
  /** How often each error was met, and each reason why a match was left out. */
  readonly refusals: ReadonlyMap<string, number>;
  /** How often each event was seen. */
  readonly events: ReadonlyMap<string, number>;
}

/** The model and the contracts say different things. */
export class HistoryDifference extends Error {}

/** Opens a market that was just deployed, as every history begins. @returns what came of it, to begin them with */
export async function openMarket(chain: MarketChain): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  for (const { from, to, method, args } of opening(new World(chain, { seed: 0 }))) {
    sent.push(await chain.send(from, to, method, args));
  }
  return sent;
}

/**
 * Plays a random history on the contracts and in the model. Throws `HistoryDifference` at the first difference.
 * @param opened what came of the opening, on this chain
 */
export async function playHistory(
  chain: MarketChain,
  opened: readonly Sent[],
  options: HistoryOptions,
): Promise<HistoryReport> {
  const player = new Player(chain, opened, options);
  await player.play();
  return player.report;
}

class Player {
  readonly #chain: MarketChain;
  readonly #opened: readonly Sent[];
  readonly #options: HistoryOptions;
  readonly #world: World;
  readonly #refusals = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #trace: string[] = [];
  #steps = 0;
  #accepted = 0;

  constructor(chain: MarketChain, opened: readonly Sent[], options: HistoryOptions) {
    this.#chain = chain;
    this.#opened = opened;
    this.#options = options;
    this.#world = new World(chain, options);
  }

  get report(): HistoryReport {
    return {
      ...{ steps: this.#steps, accepted: this.#accepted },
      ...{ refusals: this.#refusals, events: this.#events },
    };
  }

  async play(): Promise<void> {
    await this.#world.arrive();
    for (const [i, step] of opening(this.#world).entries()) this.#settle(step, this.#opened[i] as Sent);
    this.#agree(await differences(this.#world, true));
    this.#accepted = 0;
    while (this.#steps < this.#options.steps) {
      for (const step of chooseSteps(this.#world, this.#world.now)) await this.#step(step);
    }
    this.#agree(await differences(this.#world, true));
  }

  async #step(step: Step): Promise<void> {
    this.#trace.push(describe(step));
    if (step.type === "mine") {
      await this.#chain.mine(step.blocks);
      await this.#world.arrive();
    } else if (step.type === "question") {
      await this.#ask(step);
    } else {
      await this.#call(step);
      this.#steps++;
      this.#agree(await differences(this.#world, this.#steps % WHOLE_EVERY === 0));
    }
  }

  async #call(step: Call): Promise<void> {
    const sent = await this.#chain.send(step.from, step.to, step.method, step.args, step.wait);
    await this.#world.arrive();
    this.#settle(step, sent);
  }

  /** Plays in the model what was sent to the contracts, and compares what came of it. */
  #settle(step: Call, sent: Sent): void {
    const played = this.#play(step, { ...sent, hashOf: this.#world.hashOf });
    const refusal = played instanceof Refused ? played.reason : undefined;
    if (refusal !== sent.refusal) {
      const said = (reason: string | undefined) => reason ?? "accepted";
      this.#agree([`${said(refusal)} by the model, ${said(sent.refusal)} seen`]);
    }
    if (refusal !== undefined) {
      count(this.#refusals, refusal);
      return;
    }
    this.#accepted++;
    for (const { name, args } of sent.logs) {
      count(this.#events, name);
      if (name === "MatchRefused") count(this.#refusals, REFUSALS[Number(args.refusal)] ?? "");
    }
    const difference = step.compare?.(played, sent);
    if (difference !== undefined) this.#agree([difference]);
  }

  async #ask(step: Question): Promise<void> {
    const answer = await this.#chain.ask(step.from, step.to, step.method, step.args);
    const played = this.#play(step, { ...this.#world.head, hashOf: this.#world.hashOf });
    const difference = step.compare(played, answer);
    if (difference !== undefined) this.#agree([difference]);
  }

  #play(step: Call | Question, now: Moment): unknown {
    const { law } = this.#world;
    try {
      return law.journal.attempt(() => step.play(law, now));
    } catch (error) {
      if (error instanceof Refused) return error;
      throw new HistoryDifference(this.#story(["the model cannot go on"]), { cause: error });
    }
  }

  #agree(found: readonly string[]): void {
    if (found.length > 0) throw new HistoryDifference(this.#story(found));
  }

  #story(found: readonly string[]): string {
    const { seed } = this.#options;
    const last = this.#trace.slice(-6).map((each) => `  ${each}`);
    return [`seed ${seed}, step ${this.#steps}:`, ...found, "the last steps:", ...last].join("\n");
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function describe(step: Step): string {
  if (step.type === "mine") return `mine ${step.blocks}`;
  const args = JSON.stringify(step.args, (_, value) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  return `${step.from} ${step.to}.${step.method} ${args.slice(0, 2_000)}`;
}
