import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "#src/kernel/clock.ts";
import type { ManualClock } from "#src/kernel/manual-clock.ts";

/** What a dead process waits for. */
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Counts what is under way outside of JavaScript, so that time passes only when nothing is. */
export interface Activity {
  begin(): void;
  end(): void;
  /** Something under way stands still until time passes, and may keep what others wait for. */
  pause(): void;
  resume(): void;
  /** Resolves when nothing is under way. */
  rest(): Promise<void>;
}

/** Turns of the event loop without anything under way after which nothing comes any more. */
const QUIET_TURNS = 4;
/** Milliseconds of the machine's own time without any step, after which what is under way does not end before time passes. */
const STUCK_MS = { usually: 1_000, whilePaused: 15 } as const;

export function createActivity(): Activity {
  let count = 0;
  let paused = 0;
  let steps = 0;
  let ended = Promise.withResolvers<void>();
  const begin = () => {
    count++;
    steps++;
  };
  const end = () => {
    steps++;
    if (--count > 0) return;
    ended.resolve();
    ended = Promise.withResolvers();
  };

  /** What waits for a lock or a connection of somebody who waits for time to pass would wait for ever. */
  async function isStuck(): Promise<boolean> {
    const before = steps;
    const patience = new AbortController();
    const waited = await Promise.race([
      ended.promise.then(() => false),
      sleep(paused > 0 ? STUCK_MS.whilePaused : STUCK_MS.usually, true, { signal: patience.signal }).catch(
        () => false,
      ),
    ]);
    patience.abort();
    return waited && steps === before;
  }

  return {
    ...{ begin, end },
    pause() {
      paused++;
      end();
    },
    resume() {
      paused--;
      begin();
    },
    async rest() {
      for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
        if (count > 0) {
          if (await isStuck()) return;
          quiet = 0;
        } else if (isReadingFiles()) quiet = 0;
        await nextTurn();
      }
    },
  };
}

/** Of workers: their state is in files. */
function isReadingFiles(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((name) => name.startsWith("FSReq") || name === "FileHandleReq");
}

/**
 * A process of the simulation: a service from its start to its end, or somebody who trades. Whatever it asks of the world
 * goes through `io`. Once it is dead none of that comes back: it stands still for ever in the middle of what it did.
 */
export class Instance {
  /** Whose context the running code belongs to. */
  static readonly context = new AsyncLocalStorage<Instance>();

  readonly name: string;
  readonly label: string;
  readonly clock: Clock;
  readonly died: Promise<void>;
  readonly #activity: Activity;
  readonly #base: ManualClock;
  #die: () => void = () => undefined;
  #dead = false;
  #steps = 0;
  #diesAt: number | undefined;
  readonly #abandon: (() => unknown)[] = [];

  constructor(
    name: string,
    label: string,
    world: { activity: Activity; clock: ManualClock; offsetMs: () => number },
  ) {
    this.name = name;
    this.label = label;
    this.#activity = world.activity;
    this.#base = world.clock;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = {
      now: () => world.clock.now() + world.offsetMs(),
      sleep: async (ms, signal) => {
        await world.clock.sleep(ms, signal);
        if (this.#dead) await never();
      },
    };
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Runs code as this process. */
  run<T>(work: () => T): T {
    return Instance.context.run(this, work);
  }

  /** Lets it die in so many steps from now: before one is done, or after it and before anybody hears of it. */
  dieIn(steps: number): void {
    this.#diesAt = this.#steps + steps;
  }

  /** To be called when it has died: timers of the machine's own are to be stopped. */
  onDeath(abandon: () => unknown): void {
    this.#abandon.push(abandon);
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#die();
    for (const abandon of this.#abandon) {
      void Promise.resolve()
        .then(abandon)
        .catch(() => undefined);
    }
  }

  /**
   * Something that goes out into the world and comes back. Time stands still meanwhile, unless it is `inside`: carried out by
   * another process of the simulation, whose own steps count.
   */
  async io<T>(work: () => Promise<T>, { inside = false } = {}): Promise<T> {
    if (this.#step()) return await never<T>();
    if (!inside) this.#activity.begin();
    const outcome = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (!inside) this.#activity.end();
    // What fails because of its death, nobody hears of either.
    if (this.#step()) return await never<T>();
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Waits within `io` that is not inside. */
  async delay(ms: number): Promise<void> {
    this.#activity.pause();
    try {
      await this.#base.sleep(ms);
    } finally {
      this.#activity.resume();
    }
  }

  /** @returns whether it is dead */
  #step(): boolean {
    this.#steps++;
    if (this.#diesAt !== undefined && this.#steps >= this.#diesAt) this.kill();
    return this.#dead;
  }
}
