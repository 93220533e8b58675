import { concatHex, type Hex, keccak256, numberToHex, padHex, zeroAddress, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import type { SealedDeal } from "#src/chain/market-reader.ts";
import type { WorkerTask } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type Committed, type Result, resultHash, roundDigest, sealOf } from "#src/protocol/contributions.ts";
import { type Deal, idOfDeal, taskId } from "#src/protocol/deals.ts";
import type { TaskState } from "#src/protocol/task-course.ts";
import type { WorkerChain } from "#src/worker/worker-chain.ts";

export const POOL = (3n << 248n) | 1n;
export const POCO = "0x00000000000000000000000000000000000000cc";
export const PARAMS: Hex = "0x7b7d";
export const account = privateKeyToAccount(generatePrivateKey());
/** The other workers of the pool; ours has seat 0. */
export const others = Array.from({ length: 7 }, () => privateKeyToAccount(generatePrivateKey()));
const seats = [account, ...others].map(({ address }) => address);

export const rightResult: Result = {
  outcome: 0,
  content: `0x${"11".repeat(32)}`,
  memoryHash: `0x${"22".repeat(32)}`,
  callbackData: "0x",
};
export const wrongResult: Result = { ...rightResult, content: `0x${"33".repeat(32)}` };

/** A deal of trust 5, sealed in block 100; its rounds have 20 blocks, and its deadline is block 300. */
export function sealedDeal(change: Partial<Deal> = {}): SealedDeal {
  const nobody = zeroAddress;
  const deal: Deal = {
    ...{
      requestId: `0x${"ab".repeat(32)}`,
      app: 1n,
      dataset: 0n,
      pool: POOL,
      appOwner: nobody,
      datasetOwner: nobody,
    },
    ...{
      poolOwner: nobody,
      requester: nobody,
      payer: nobody,
      beneficiary: nobody,
      callback: nobody,
      certifier: POCO,
    },
    ...{
      appPrice: 1n,
      datasetPrice: 0n,
      poolPrice: 5n,
      poolStake: 1n,
      sealedAtBlock: 100n,
      firstTask: 4,
      volume: 2,
    },
    ...{ trust: 5, category: 0, tag: zeroHash, paramsHash: keccak256(PARAMS), attesters: zeroHash },
    frozen: padHex(
      concatHex([padHex("0x", { size: 14 }), numberToHex(20, { size: 4 }), numberToHex(200, { size: 4 })]),
      {
        dir: "right",
        size: 32,
      },
    ),
    ...change,
  };
  return { id: idOfDeal(deal), deal, params: PARAMS };
}

/** What the scheduler says of the deal's first task. */
export function taskOf({ id, deal }: SealedDeal, change: Partial<WorkerTask> = {}): WorkerTask {
  const index = change.index ?? deal.firstTask;
  return { taskId: taskId(deal, index), dealId: id, index, round: 1, seat: 0, step: "compute", ...change };
}

/** The committed seal of a seat for a result. */
export function committedSeal(id: Hex, seat: number, result: Result, round = 1): Committed {
  const worker = seats[seat] ?? zeroAddress;
  return { seat, round, worker, seal: sealOf(worker, roundDigest(round, id, resultHash(result))) };
}

/** The chain by decree: seats 0, 1 and 2 are drawn in round 1, which is open to block 121. */
export function createFakeChain() {
  const state = {
    head: 102n,
    task: { status: 0, round: 0, drawn: 0, committed: 0, seedBlock: 101n, seals: zeroHash } as TaskState,
    draw: [0, 1, 2] as readonly number[] | undefined,
    seals: [] as Committed[],
    scores: new Map<number, number>(),
    pool: { opened: true, terms: { seatStake: 100n, schedulerShare: 0, closed: false } },
    ownSeat: undefined as number | undefined,
    funds: { free: 1_000n, allowance: 0n, bonded: 0n },
    earned: 0n,
    convicted: false,
    seed: undefined as Hex | undefined,
    sent: [] as string[],
    /** Whether the contract refuses whatever takes a task on. */
    refuses: false,
  };
  function mine(what: string): void {
    if (state.refuses) throw new HanseError("HANSE_TRANSACTION_REVERTED", `${what} was refused`);
    state.sent.push(what);
  }
  const chain: WorkerChain = {
    poco: POCO,
    chainId: 31_337,
    head: async () => state.head,
    pool: async () => state.pool,
    seat: async (_pool, number) => ({
      worker: seats[number] ?? zeroAddress,
      score: state.scores.get(number) ?? 0,
      earned: state.earned,
      ...{ enrolledAt: 1, leftAt: 0, convicted: state.convicted },
    }),
    ownSeat: async () => state.ownSeat,
    seatOf: async () => state.ownSeat,
    seatsKept: async () => (state.ownSeat === undefined ? [] : [state.ownSeat]),
    isSettled: async () => state.task.status !== 0,
    funds: async () => state.funds,
    task: async () => state.task,
    drawn: async () => state.draw,
    committed: async () => state.seals,
    seedOf: async () => state.seed,
    sealsOf: async () => state.seals,
    isConvicted: async () => false,
    recordSeed: async (block) => mine(`record ${block}`),
    commit: async (_deal, index, { seat, seal }, round) => mine(`commit ${index} ${seat} ${round} ${seal}`),
    extend: async (_deal, index, round) => mine(`extend ${index} ${round}`),
    finalize: async (_deal, index, seals, { content }) =>
      mine(`finalize ${index} ${seals.length} ${content}`),
    claim: async (_deal, index, seals) => mine(`claim ${index} ${seals.length}`),
    allow: async (amount) => void state.sent.push(`allow ${amount}`),
    async enrol() {
      state.sent.push("enrol");
      state.ownSeat = 0;
    },
    async collect(_pool, seat) {
      state.sent.push(`collect ${seat}`);
      state.earned = 0n;
    },
  };
  return { chain, state };
}
