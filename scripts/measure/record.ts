import { readFile, writeFile } from "node:fs/promises";

/** One measured number, as `docs/bench.json` and `docs/gas.json` keep it. */
export interface Row {
  readonly value: number;
  readonly bar: number;
  /** What a peer needs for the same, or how the bar came about; absent: there is none. */
  readonly reference?: string;
  readonly unit: string;
  /** Measures it again. */
  readonly command: string;
  /** Date, and what it was measured on. */
  readonly measured: string;
  /** What limits it, where the bar is missed. */
  readonly limit?: string;
}

export type Rows = Readonly<Record<string, Row>>;

/** Writes rows into a file of them, and the page made from it. Rows of other names stay. */
export async function record(name: "bench" | "gas", rows: Rows): Promise<void> {
  const path = `docs/${name}.json`;
  const known = JSON.parse(await readFile(path, "utf8").catch(() => "{}")) as Rows;
  const merged = { ...known, ...rows };
  const sorted = Object.fromEntries(Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(path, `${JSON.stringify(sorted, null, 2)}\n`);
  await writeFile(`docs/${name}.md`, renderPage(name, sorted));
}

export function renderPage(name: "bench" | "gas", rows: Rows): string {
  const title = name === "gas" ? "Gas" : "Benchmarks";
  const lines = Object.entries(rows).map(
    ([id, { value, bar, unit, reference = "", command, measured, limit = "" }]) =>
      `| ${[id, `${value} ${unit}`, `${bar} ${unit}`, reference, `\`${command}\``, measured, limit].join(" | ")} |`,
  );
  return `<!-- Generated from docs/${name}.json; do not edit. -->
# ${title}

| id | today | bar | reference | command | measured | what limits it |
|---|---|---|---|---|---|---|
${lines.join("\n")}
`;
}
