import type { Moment } from "../moment.ts";
import type { OpenTask } from "./task.ts";

/** What certifiers that ask a panel do each in its own way. */
export interface PanelCustoms {
  /** The least trust of its deals. */
  readonly trustFloor: number;
  /** Blocks from the close of a round to the next, by how many the round has. */
  graceBlocks(roundBlocks: bigint): bigint;
  /** Refuses another round where the answers given have settled the task. */
  checkUndecided(task: OpenTask, now: Moment): void;
  /** Whether what was committed at this position is a missed place nevertheless, if the task is claimed. */
  isMissed(task: OpenTask, position: number): boolean;
}
