/** A step that the law does not allow; `reason` is the name of the contract's error. */
export class Refused extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`refused: ${reason}`);
    this.reason = reason;
  }
}

export function need(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Refused(reason);
}
