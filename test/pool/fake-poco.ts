import { type Address, type Hex, zeroHash } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { PocoChain } from "#src/pool/poco-chain.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import type { TaskState } from "#src/protocol/task-course.ts";

/** What the scheduler had mined. */
export interface Mined {
  readonly what: string;
  readonly seats?: readonly number[];
  readonly worker?: Address;
  readonly result?: Result;
}

/** Poco as far as the scheduler sees it: one pool, a draw by decree, and blocks that pass when told. */
export function createFakePoco(workers: readonly Address[]) {
  const tasks = new Map<Hex, TaskState>();
  const seals = new Map<Hex, Committed[]>();
  const mined: Mined[] = [];
  const extended = new Set<string>();
  /** Calls that the contract refuses, by name; with seats only those of these seats. */
  const refuses = new Map<string, readonly number[] | undefined>();
  const state = {
    head: 100n,
    draw: undefined as readonly number[] | undefined,
    scores: new Map<number, number>(),
  };
  const idOf = (deal: Deal, index: number) => taskId(deal, index);
  const get = (id: Hex): TaskState => tasks.get(id) ?? EMPTY;
  const set = (id: Hex, change: Partial<TaskState>) => void tasks.set(id, { ...get(id), ...change });

  function mine(call: Mined): void {
    const only = refuses.get(call.what);
    if (refuses.has(call.what) && (only === undefined || call.seats?.some((seat) => only.includes(seat)))) {
      throw refusal(call.what);
    }
    mined.push(call);
  }

  const chain: PocoChain = {
    poco: "0x00000000000000000000000000000000000000cc",
    chainId: 31_337,
    head: async () => state.head,
    pool: async () => ({ opened: true, terms: { seatStake: 1n, schedulerShare: 0, closed: false } }),
    task: async (id) => get(id),
    isSettled: async (id) => get(id).status !== 0,
    seat: async (_pool, number) => ({
      worker: workers[number] ?? "0x0000000000000000000000000000000000000000",
      score: state.scores.get(number) ?? 0,
      ...{ earned: 0n, enrolledAt: 1, leftAt: 0, convicted: false },
    }),
    async seatsKept(_pool, worker) {
      return workers.flatMap((each, seat) => (each === worker ? [seat] : []));
    },
    async seatOf(_pool, worker) {
      const seat = workers.indexOf(worker);
      return seat < 0 ? undefined : seat;
    },
    drawn: async () => state.draw,
    committed: async (id) => seals.get(id) ?? [],
    recordSeed: async (block) => mine({ what: `record ${block}` }),
    async commit(deal, index, contributions) {
      const id = idOf(deal, index);
      const done = new Set(seals.get(id)?.map(({ seat }) => seat));
      if (contributions.every(({ seat }) => done.has(seat))) throw refusal("commit");
      mine({ what: "commit", seats: contributions.map(({ seat }) => seat) });
      const round = Math.max(get(id).round, 1);
      const fresh = contributions.filter(({ seat }) => !done.has(seat));
      const added = fresh.map(({ seat, seal }) => ({
        seat,
        seal,
        round,
        worker: workers[seat] ?? "0x",
      }));
      const all = [...(seals.get(id) ?? []), ...added];
      seals.set(id, all);
      set(id, { round, committed: all.length });
    },
    async extend(deal, index) {
      const running = `${idOf(deal, index)} ${get(idOf(deal, index)).round}`;
      // A round is opened once, whoever else asks for it.
      if (extended.has(running)) throw refusal("extend");
      mine({ what: "extend" });
      extended.add(running);
    },
    async finalize(deal, index, given, result) {
      if (get(idOf(deal, index)).status !== 0) throw refusal("finalize");
      mine({ what: "finalize", seats: given.map(({ seat }) => seat), result });
      set(idOf(deal, index), { status: result.outcome === 0 ? 1 : 2 });
    },
    async complete(deal, index, worker, result) {
      mine({ what: "complete", worker, result });
      set(idOf(deal, index), { status: 1 });
    },
    async claim(deal, index, given) {
      mine({ what: "claim", seats: given.map(({ seat }) => seat) });
      set(idOf(deal, index), { status: 3 });
    },
  };
  return { chain, state, set, mined, refuses };
}

export type FakePoco = ReturnType<typeof createFakePoco>;

function refusal(what: string): HanseError {
  return new HanseError("HANSE_TRANSACTION_REVERTED", `${what} was refused`);
}

const EMPTY: TaskState = {
  ...{ status: 0, round: 0, drawn: 0, committed: 0, seedBlock: 101n, seals: zeroHash },
};
