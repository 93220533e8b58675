import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * When a process was started, in a form that only serves for comparison, or undefined when no such process is
 * alive. A pid alone does not name a process: it is given again after a reboot or a wrap-around.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return startByPs(pid);
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    // The command name stands in parentheses and may itself hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended: only its exit code waits to be collected.
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${boot.trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** The command line of a live process, or undefined. */
export async function processCommand(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === "linux") {
      const raw = await readFile(`/proc/${pid}/cmdline`, "utf8");
      return raw === "" ? undefined : raw.replaceAll("\0", " ").trim();
    }
    const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

async function startByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
