import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** Turns of many, of whom each may be as slow as it likes without keeping the others waiting. */
export interface FairTurns {
  /** Has a turn come, unless the name waits for one, has one, or rests after turns that failed. */
  offer(name: string): void;
  /** Resolves once every turn that began has ended. */
  ended(): Promise<void>;
}

export interface FairTurnsDeps {
  /** One turn; what it throws counts as a failure. It ends when the signal says so. */
  readonly take: (name: string, signal: AbortSignal) => Promise<void>;
  readonly onFailed: (name: string, error: unknown) => void;
  readonly clock?: Clock;
}

export interface FairTurnsOptions {
  /** Turns that begin side by side. */
  readonly lanes: number;
  /** For how long (milliseconds) a turn may keep a lane; after it, it goes on beside the lanes. */
  readonly laneMs: number;
  /** Turns beside the lanes; one more is ended instead. */
  readonly mostSlow: number;
  /** How long (milliseconds) a turn may last at all. */
  readonly turnMs: number;
  /** How long (milliseconds) a name rests after a second failure in a row; twice as long after each further one. */
  readonly restMs: number;
  readonly longestRestMs: number;
}

/** @param signal ends what is under way, and begins nothing any more */
export function createFairTurns(
  { take, onFailed, clock = systemClock }: FairTurnsDeps,
  { lanes, laneMs, mostSlow, turnMs, restMs, longestRestMs }: FairTurnsOptions,
  signal: AbortSignal,
): FairTurns {
  const waiting: string[] = [];
  const busy = new Set<string>();
  const resting = new Map<string, { readonly failures: number; readonly until: number }>();
  const running = new Set<Promise<void>>();
  let [inLanes, slow] = [0, 0];

  return {
    offer(name) {
      if (busy.has(name) || (resting.get(name)?.until ?? 0) > clock.now()) return;
      busy.add(name);
      waiting.push(name);
      begin();
    },
    async ended() {
      while (running.size > 0) await Promise.all(running);
    },
  };

  function begin(): void {
    while (inLanes < lanes && !signal.aborted) {
      const name = waiting.shift();
      if (name === undefined) return;
      inLanes++;
      const turn = run(name).finally(() => running.delete(turn));
      running.add(turn);
    }
  }

  async function run(name: string): Promise<void> {
    const [over, done] = [new AbortController(), new AbortController()];
    const turn = take(name, AbortSignal.any([signal, over.signal])).then(
      () => resting.delete(name),
      (error: unknown) => {
        if (signal.aborted) return;
        rest(name);
        onFailed(name, error);
      },
    );
    const ended = turn.finally(() => done.abort());
    const inTime = await isOverIn(laneMs, done.signal);
    inLanes--;
    const beside = !inTime && slow < mostSlow;
    if (beside) slow++;
    begin();
    if (!inTime && !(beside && (await isOverIn(turnMs - laneMs, done.signal)))) over.abort(tooSlow(name));
    await ended;
    if (beside) slow--;
    busy.delete(name);
  }

  /** Whether a turn ends within so long. */
  async function isOverIn(ms: number, done: AbortSignal): Promise<boolean> {
    return await clock.sleep(ms, done).then(
      () => false,
      () => true,
    );
  }

  /** The first failure costs no turn: it may have been an accident. */
  function rest(name: string): void {
    const failures = Math.min((resting.get(name)?.failures ?? 0) + 1, 30);
    const ms = failures === 1 ? 0 : Math.min(restMs * 2 ** (failures - 2), longestRestMs);
    resting.set(name, { failures, until: clock.now() + ms });
  }
}

function tooSlow(name: string): HanseError {
  return new HanseError("HANSE_PEER_TIMED_OUT", `${name} took too long`, { details: { peer: name } });
}
