/** The chain forgets a block's hash after 256 blocks; half of that leaves time to have it recorded. */
export const RECORD_SEED_AFTER = 128n;

export interface ReplicationTiming {
  /**
   * Commit what there is when a round has no more than so many blocks left; 6 unless told. Workers commit by themselves when
   * there are 3: until then all seals should be on the chain, in one transaction.
   */
  readonly commitMarginBlocks: bigint;
  /** How long those who may know a certain result have for it before others are drawn all the same; 20 unless told. */
  readonly patienceBlocks: bigint;
}

export type ReplicatedStepOptions = Partial<ReplicationTiming>;

export function replicationTiming({
  commitMarginBlocks = 6n,
  patienceBlocks = 20n,
}: ReplicatedStepOptions): ReplicationTiming {
  return { commitMarginBlocks, patienceBlocks };
}
