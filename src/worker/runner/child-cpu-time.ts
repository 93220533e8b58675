import { readFile } from "node:fs/promises";

/** Clock ticks a second in /proc, the same on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/** CPU time a process has used so far, in ms; null where the system does not tell (it is read from /proc). */
export async function readCpuMs(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces: fields are counted behind it. User and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : null;
  } catch {
    return null;
  }
}
