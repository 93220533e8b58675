import type { Deal } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { GRACE_BLOCKS } from "#src/protocol/panel-parameters.ts";
import type { TaskCourse } from "#src/protocol/task-course.ts";
import { RECORD_SEED_AFTER, type ReplicationTiming } from "./replication-timing.ts";

/** Between two tries of what the contract refused or nobody mined. */
const RETRY_BLOCKS = 3n;

/**
 * The block at which an open task is to be looked at again if nothing happens to it before: no event of the chain, and no
 * answer of a worker.
 * @param head the block it was looked at in
 */
export function nextLook(
  { deal, course, head }: { readonly deal: Deal; readonly course: TaskCourse; readonly head: bigint },
  { commitMarginBlocks, patienceBlocks }: ReplicationTiming,
): bigint {
  const overdue = deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks + 1n;
  if (course.overdue) return head + RETRY_BLOCKS;
  if (deal.trust <= 1) return overdue;
  // The seed's block has to be over: its hash is told by those after it.
  if (head <= course.seedBlock) return course.seedBlock + 1n;
  const dues = [overdue, course.seedBlock + RECORD_SEED_AFTER + 1n];
  if (!course.closed) {
    const margin = course.closesAt - commitMarginBlocks;
    // As long as something can still be committed, every block counts.
    dues.push(head < margin ? margin : head + 1n);
  } else {
    const graceOver = course.closesAt + GRACE_BLOCKS;
    dues.push(graceOver, course.closesAt + patienceBlocks);
    if (head >= graceOver) dues.push(head + RETRY_BLOCKS);
  }
  const [first = overdue] = dues.filter((due) => due > head).sort((a, b) => Number(a - b));
  return first;
}
