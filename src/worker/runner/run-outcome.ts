/**
 * Failures that every honest worker meets alike, since they follow from the inputs: a result like any other, certified by
 * its code. The numbers are part of the protocol and never change meaning.
 */
export const failureCodes = {
  missingInput: 1,
  trap: 2,
  timeLimit: 3,
  memoryLimit: 4,
  outputLimit: 5,
  invalidModule: 6,
  nonZeroExit: 7,
} as const;

export type FailureCode = (typeof failureCodes)[keyof typeof failureCodes];

export type RunSuccess = {
  type: "success";
  /** What the program left in `/out/result`; empty when it wrote none. */
  output: Uint8Array;
  /** SHA-256 over the final memory's length in bytes (8 bytes, big endian) and the memory. */
  memoryHash: `0x${string}`;
  /** First bytes of what the program printed; for people, no part of the result. */
  log: string;
};

export type RunFailure = {
  type: "failure";
  code: FailureCode;
  /** For people, no part of the result: only the code is certified. */
  reason: string;
  log: string;
};

/** The runner itself broke, or was stopped: says nothing about the program. To be tried again, never certified. */
export type RunFault = { type: "fault"; reason: string };

export type RunOutcome = RunSuccess | RunFailure | RunFault;

export type RunLimits = {
  /** Linear memory, rounded down to pages of 64 KiB; at most 4 GiB. */
  memoryBytes: number;
  /** Wall-clock time from the moment the inputs are in the child, compilation included. */
  timeMs: number;
  /** Size of `/out/result`. */
  outputBytes: number;
};
