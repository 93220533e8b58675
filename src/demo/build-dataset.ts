import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const source = join(import.meta.dirname, "../../data/uci-online-retail");

/**
 * The dataset the demo's provider sells: the day files of UCI "Online Retail" in order of date, under a single header.
 * The same bytes every time, LF line ends, a line end at the end.
 *
 * @throws Error when the day files do not share one header
 */
export async function buildDataset(folder = source): Promise<Uint8Array> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".csv")).sort();
  const days = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const [first] = days;
  if (first === undefined) throw new Error(`no day files in ${folder}`);
  const header = first.slice(0, first.indexOf("\n") + 1);
  const bodies = days.map((day, index) => {
    if (!day.startsWith(header) || !day.endsWith("\n"))
      throw new Error(`${names[index]}: other header, or cut off`);
    return day.slice(header.length);
  });
  return Buffer.from(header + bodies.join(""), "utf8");
}
