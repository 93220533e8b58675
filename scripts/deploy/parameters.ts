/** What governance decides at the start of a development chain; a production deployment brings its own file. */
export interface DeploymentParameters {
  /** Categories in the order of their numbers, from 0; times in blocks. */
  readonly categories: readonly { readonly roundBlocks: number; readonly deadlineBlocks: number }[];
}

export const DEVELOPMENT_PARAMETERS: DeploymentParameters = {
  categories: [
    // 0: short tasks, some seconds of computing
    { roundBlocks: 40, deadlineBlocks: 300 },
    // 1: long tasks, some minutes
    { roundBlocks: 1_200, deadlineBlocks: 6_000 },
  ],
};
