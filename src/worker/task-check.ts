import { type Address, keccak256 } from "viem";
import type { SealedDeal } from "#src/chain/market-reader.ts";
import type { WorkerTask } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { idOfDeal, taskId } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { placesOfRound } from "#src/protocol/places.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** What somebody says of a task, whatever is to be done for it. */
type CheckedTask = Omit<WorkerTask, "step">;

/** Whose work a worker does. */
export interface WorkerIdentity {
  readonly worker: Address;
  readonly pool: AssetId;
  readonly poco: Address;
}

/**
 * Whether a task is what the scheduler says: of a sealed deal, for this pool, under this certifier.
 * @throws HANSE_TASK_REFUSED
 */
export function checkDeal(
  task: CheckedTask,
  { id, deal, params }: SealedDeal,
  { pool, poco }: WorkerIdentity,
): void {
  if (id !== task.dealId || idOfDeal(deal) !== id) throw refused(task, "the deal is another one");
  if (deal.pool !== pool) throw refused(task, "the deal is for another pool");
  if (deal.certifier !== poco) throw refused(task, "the deal has another certifier");
  const inDeal = task.index >= deal.firstTask && task.index < deal.firstTask + deal.volume;
  if (!inDeal || taskId(deal, task.index) !== task.taskId) throw refused(task, "the deal has no such task");
  if (keccak256(params) !== deal.paramsHash) throw refused(task, "the parameters are not those of the deal");
}

/**
 * Whether an answer is wanted of this worker now. An answer for a place that is not its own would be worth nothing, and
 * one that nobody was drawn for cannot be certified.
 * @throws HANSE_TASK_REFUSED; HANSE_ROUND_CLOSED; HANSE_NOT_READY while the draw is unknown
 */
export async function checkWanted(
  chain: WorkerChain,
  task: CheckedTask,
  { deal }: SealedDeal,
  { worker, pool }: WorkerIdentity,
): Promise<void> {
  const [head, state] = await Promise.all([chain.head(), chain.task(task.taskId, deal)]);
  const { settled, round, closed } = courseOf(deal, state, head);
  if (settled)
    throw new HanseError("HANSE_ROUND_CLOSED", "the task is settled", { details: { taskId: task.taskId } });
  if (deal.trust <= 1) return;
  if (task.round !== round || closed) {
    throw new HanseError("HANSE_ROUND_CLOSED", `round ${task.round} takes no answers`, {
      details: { taskId: task.taskId, round: task.round, running: round, closed },
    });
  }
  const drawn = await chain.drawn(deal, task.index, round);
  if (drawn === undefined) throw new HanseError("HANSE_NOT_READY", "the draw is not known yet");
  const ofRound = placesOfRound(drawn, deal.trust, round);
  if (task.seat === null || !ofRound.includes(task.seat)) throw refused(task, "the seat was not drawn");
  const seat = await chain.seat(pool, task.seat);
  if (seat.worker !== worker) throw refused(task, "the seat is another worker's");
  if (seat.convicted) throw refused(task, "the seat has lost its stake");
}

/** Whether nobody wants anything of a task any more, whoever was drawn: it has ended, or its deadline has passed. */
export async function isOver(
  chain: WorkerChain,
  { taskId: id }: Pick<CheckedTask, "taskId">,
  { deal }: SealedDeal,
): Promise<boolean> {
  const [head, state] = await Promise.all([chain.head(), chain.task(id, deal)]);
  const { settled, overdue } = courseOf(deal, state, head);
  return settled || overdue;
}

function refused({ taskId: id, dealId, index, round, seat }: CheckedTask, reason: string): HanseError {
  return new HanseError("HANSE_TASK_REFUSED", `task ${id}: ${reason}`, {
    details: { taskId: id, dealId, index, round, seat },
  });
}
