import type { Hex } from "viem";

/** Which open tasks are due at which block. It is only kept in memory: whoever begins looks at every open task once. */
export interface WakeSchedule {
  /** Replaces what was set for the task before; undefined: nothing is due any more. */
  set(taskId: Hex, block: bigint | undefined): void;
  /** Takes out and tells the tasks that are due at a block or before it. */
  reached(block: bigint): Hex[];
}

export function createWakeSchedule(): WakeSchedule {
  const blockOf = new Map<Hex, bigint>();
  // By block, so that a block costs as much as it has tasks.
  const dueAt = new Map<bigint, Set<Hex>>();

  function remove(taskId: Hex): void {
    const block = blockOf.get(taskId);
    if (block === undefined) return;
    blockOf.delete(taskId);
    const due = dueAt.get(block);
    due?.delete(taskId);
    if (due?.size === 0) dueAt.delete(block);
  }

  return {
    set(taskId, block) {
      remove(taskId);
      if (block === undefined) return;
      blockOf.set(taskId, block);
      const due = dueAt.get(block) ?? new Set();
      dueAt.set(block, due.add(taskId));
    },
    reached(block) {
      const due = [...dueAt].flatMap(([at, taskIds]) => (at <= block ? [...taskIds] : []));
      for (const taskId of due) remove(taskId);
      return due;
    },
  };
}
