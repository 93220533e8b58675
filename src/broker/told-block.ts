import { HanseError } from "#src/kernel/errors.ts";

/**
 * Which block's state is read while somebody follows a chain: the newest that was seen, and none before one that was told
 * of. Behind one address there may be several nodes, some of them behind: what is read after an event has it in it.
 */
export interface ToldBlock {
  /** Somebody follows from a block on, until the signal aborts. */
  follow(from: bigint, signal: AbortSignal): void;
  /** A block was told of, when the newest was `head`. */
  tell(block: bigint, head: bigint): void;
  /** Blocks above this one did not happen. */
  goBack(to: bigint): void;
  /**
   * The block whose state is to be read; undefined while nobody follows: the newest that the node has.
   * @throws HANSE_RPC_BEHIND when the node that was asked lacks a block that was told of
   */
  toRead(): Promise<bigint | undefined>;
}

export function createToldBlock(deps: { readonly headNumber: () => Promise<bigint> }): ToldBlock {
  let following: Following | undefined;

  async function toRead(): Promise<bigint | undefined> {
    const at = following?.signal.aborted === false ? following : undefined;
    if (at === undefined || at.newest !== undefined) return at?.newest;
    const head = await deps.headNumber();
    // The chain turned while the node was asked, or nobody follows any more: what it told may not have happened.
    if (following !== at || at.signal.aborted) return await toRead();
    if (head < at.told) throw chainBehind(head, at.told);
    at.newest ??= head;
    return at.newest;
  }

  return {
    follow(from, signal) {
      following = { told: from, newest: undefined, signal };
    },
    tell(block, head) {
      if (following === undefined) return;
      if (block > following.told) following.told = block;
      // Of blocks that are far behind, a node may have forgotten the state: the newest is read, though more is to be told.
      if (head > (following.newest ?? -1n)) following.newest = head;
    },
    goBack(to) {
      if (following !== undefined) following = { ...following, told: to, newest: undefined };
    },
    toRead,
  };
}

interface Following {
  told: bigint;
  newest: bigint | undefined;
  readonly signal: AbortSignal;
}

export function chainBehind(head: bigint, told: bigint): HanseError {
  return new HanseError("HANSE_RPC_BEHIND", `The node is at block ${head}, block ${told} was told`, {
    details: { head, told },
  });
}
