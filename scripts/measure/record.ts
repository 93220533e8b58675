import { readFile, writeFile } from "node:fs/promises";

/** One measured number, as `docs/bench.json` and `docs/gas.json` keep it. */
export interface Row {
  /** What is measured, where the name does not say it. */
  readonly what?: string;
  readonly value: number;
  /** What it should be at worst; absent: no bar was set. */
  readonly bar?: number;
  /** What a peer needs for the same, or how the bar came about; absent: there is none. */
  readonly reference?: string;
  readonly unit: string;
  /** Measures it again. */
  readonly command: string;
  /** When, where it differs from day to day, and what it was measured on. */
  readonly measured: string;
  /** What limits it, where the bar is missed. */
  readonly limit?: string;
}

export type Rows = Readonly<Record<string, Row>>;

const pathOf = (name: "bench" | "gas") => `docs/${name}.json`;

/** What is recorded; nothing yet where the file is missing. */
export async function readRows(name: "bench" | "gas"): Promise<Rows> {
  return JSON.parse(await readFile(pathOf(name), "utf8").catch(() => "{}")) as Rows;
}

/** Writes rows into a file of them, and the page made from it. Rows of other commands stay. */
export async function record(name: "bench" | "gas", rows: Rows): Promise<void> {
  const commands = new Set(Object.values(rows).map(({ command }) => command));
  const others = Object.entries(await readRows(name)).filter(([, { command }]) => !commands.has(command));
  const sorted = Object.fromEntries(
    [...others, ...Object.entries(rows)].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  await writeFile(pathOf(name), `${JSON.stringify(sorted, null, 2)}\n`);
  await writePages(false);
}

/** @returns the pages that differ from the rows they are made from; they are rewritten unless `check` is set. */
export async function writePages(check: boolean): Promise<string[]> {
  const stale: string[] = [];
  for (const name of ["bench", "gas"] as const) {
    const path = `docs/${name}.md`;
    const text = renderPage(name, await readRows(name));
    if ((await readFile(path, "utf8").catch(() => "")) === text) continue;
    stale.push(path);
    if (!check) await writeFile(path, text);
  }
  return stale;
}

function renderPage(name: "bench" | "gas", rows: Rows): string {
  const title = name === "gas" ? "Gas" : "Benchmarks";
  const headings = ["id", "what", "today", "bar", "reference", "command", "measured", "what limits it"];
  const lines = Object.entries(rows).map(([id, row]) => {
    const { what = "", value, bar, unit, reference = "", command, measured, limit = "" } = row;
    const today = `${value.toLocaleString("en-US")} ${unit}`;
    const allowed = bar === undefined ? "" : `${bar.toLocaleString("en-US")} ${unit}`;
    return [id, what, today, allowed, reference, `\`${command}\``, measured, limit];
  });
  // A column that says nothing is left out.
  const kept = [...headings.keys()].filter((column) => lines.some((line) => line[column] !== ""));
  const render = (line: readonly string[]) => `| ${kept.map((column) => line[column]).join(" | ")} |`;
  return `<!-- Generated from docs/${name}.json; do not edit. -->
# ${title}

${render(headings)}
|${"---|".repeat(kept.length)}
${lines.map(render).join("\n")}
`;
}
