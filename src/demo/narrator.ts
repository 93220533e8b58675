/** Tells how the story goes, a line at a time, with the seconds since it began. */
export interface Narrator {
  say(text: string): void;
  /** A heading of the next part. */
  chapter(title: string): void;
  /** What must be true: told, and remembered if it is not. */
  check(what: string, holds: boolean, found?: string): void;
  /** Everything that did not hold. */
  readonly broken: readonly string[];
  readonly checks: number;
}

export function createNarrator(write: (line: string) => void, now: () => number): Narrator {
  const begun = now();
  const broken: string[] = [];
  let checks = 0;
  const clock = () => `${((now() - begun) / 1000).toFixed(1).padStart(6)} s`;
  return {
    broken,
    get checks() {
      return checks;
    },
    say: (text) => write(`${clock()}  ${text}`),
    chapter: (title) => write(`\n${clock()}  ${title}`),
    check(what, holds, found) {
      checks++;
      if (!holds) broken.push(what);
      write(
        `${clock()}    ${holds ? "✓" : "✗"} ${what}${holds || found === undefined ? "" : `, but found: ${found}`}`,
      );
    },
  };
}
