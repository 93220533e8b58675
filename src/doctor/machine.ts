import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { type Finding, ok, warning, wrong } from "./finding.ts";

const NODE_MAJOR = 24;
const MIB = 2 ** 20;
/** Below the first it is a warning, below the second services will fail soon. */
const FREE_BYTES = { comfortable: 2_048 * MIB, least: 256 * MIB } as const;

export function examineNode(version: string = process.versions.node): Finding {
  const major = Number(version.split(".", 1)[0]);
  if (major >= NODE_MAJOR) return ok("node", `Node.js ${version}`);
  return wrong(
    "node",
    `Node.js ${version} is older than ${NODE_MAJOR}`,
    `Start through \`./hanse\`, which gets Node.js ${NODE_MAJOR}, or install it.`,
  );
}

export async function examineNpm(): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)("npm", ["--version"], { timeout: 20_000 });
    return ok("npm", `npm ${stdout.trim()}`);
  } catch {
    return warning(
      "npm",
      "npm does not run",
      "Install the npm that belongs to your Node.js: updates need it.",
    );
  }
}

/** Space and rights where a service keeps its state; the folder need not be there yet. */
export async function examineDisk(stateDir: string): Promise<readonly Finding[]> {
  const folder = await nearestFolder(stateDir);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const words = `${Math.floor(free / MIB)} MiB are free at ${folder}`;
  const space =
    free >= FREE_BYTES.comfortable
      ? ok("disk-space", words)
      : (free >= FREE_BYTES.least ? warning : wrong)(
          "disk-space",
          words,
          "Free space, or choose another state folder.",
        );
  return [space, await examineWritable(folder)];
}

async function examineWritable(folder: string): Promise<Finding> {
  const probe = join(folder, `.hanse-${randomUUID()}.probe`);
  try {
    await writeFile(probe, "probe", { flag: "wx" });
    return ok("disk-writable", `${folder} can be written`);
  } catch (error) {
    const { shortMessage, hint } = fromSystemError(error);
    return wrong("disk-writable", shortMessage, hint);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() || dirname(folder) === folder) return folder;
  }
}
