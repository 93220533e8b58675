import { HanseError } from "#src/kernel/errors.ts";

export interface Interruption {
  /** Rejects with HANSE_INTERRUPTED at the first SIGINT or SIGTERM. */
  readonly happened: Promise<never>;
  /** Aborted at the same time, with the same reason. */
  readonly signal: AbortSignal;
  /** Gives the signals back their usual meaning. */
  forget(): void;
}

/** Turns Ctrl-C into something a program can wait for, and clean up after. A second one ends the process at once. */
export function createInterruption(): Interruption {
  let interrupt: (signal: NodeJS.Signals) => void = () => undefined;
  const controller = new AbortController();
  const happened = new Promise<never>((_, reject) => {
    interrupt = (signal) => {
      forget();
      const reason = new HanseError("HANSE_INTERRUPTED", `stopped by ${signal}`);
      controller.abort(reason);
      reject(reason);
    };
  });
  // Whoever waits on it hears of it; before anybody does, it must not end the process.
  happened.catch(() => undefined);
  const forget = () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, interrupt);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  return { happened, signal: controller.signal, forget };
}
