// npm leaves optional packages of other platforms out of the lockfile where the registry it was made with lacks them, and
// `npm ci` then refuses the lockfile. This adds them by name and version, so that one lockfile serves every platform.
//   node scripts/complete-lockfile.ts           run after every change of dependencies
//   node scripts/complete-lockfile.ts --check   fails when something is missing
import { readFile, writeFile } from "node:fs/promises";

interface LockEntry {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

interface Lockfile {
  packages: Record<string, LockEntry>;
}

const FILE = "package-lock.json";

/** Words in package names, longest first where one contains another. */
const SYSTEMS: readonly [RegExp, string][] = [
  [/darwin/, "darwin"],
  [/win32|windows/, "win32"],
  [/freebsd/, "freebsd"],
  [/netbsd/, "netbsd"],
  [/openbsd/, "openbsd"],
  [/sunos/, "sunos"],
  [/\baix\b/, "aix"],
  [/openharmony/, "openharmony"],
  [/android/, "android"],
  [/linux|alpine/, "linux"],
];
const PROCESSORS: readonly [RegExp, string][] = [
  [/arm64|aarch64/, "arm64"],
  [/x64|amd64|x86_64/, "x64"],
  [/ppc64/, "ppc64"],
  [/s390x/, "s390x"],
  [/riscv64/, "riscv64"],
  [/loong64/, "loong64"],
  [/mips64el/, "mips64el"],
  [/wasm32/, "wasm32"],
  [/ia32/, "ia32"],
  [/arm/, "arm"],
];

const lock = JSON.parse(await readFile(FILE, "utf8")) as Lockfile;
const missing: string[] = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const exact = range.replace(/^[\^~]/, "");
    if (isInstalled(path, name) || !/^\d/.test(exact)) continue;
    lock.packages[`node_modules/${name}`] = describe(name, exact, entry.dev === true);
    missing.push(`${name}@${exact}`);
  }
}

if (missing.length === 0) process.exit(0);
if (process.argv.includes("--check")) {
  process.stderr.write(
    `missing in ${FILE}, run \`node scripts/complete-lockfile.ts\`: ${missing.join(", ")}\n`,
  );
  process.exit(1);
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
await writeFile(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
process.stdout.write(`added ${missing.length}: ${missing.join(", ")}\n`);

/** Whether `name`, required from the package at `path`, resolves to an entry: from its own folder upwards. */
function isInstalled(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf("node_modules/") - 1, 0))) {
    if (lock.packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
  }
}

function describe(name: string, version: string, dev: boolean): LockEntry {
  const os = SYSTEMS.find(([word]) => word.test(name))?.[1];
  const cpu = PROCESSORS.find(([word]) => word.test(name))?.[1];
  const libc = /musl/.test(name) ? "musl" : os === "linux" && /gnu/.test(name) ? "glibc" : undefined;
  return {
    version,
    optional: true,
    ...(dev ? { dev } : {}),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(os === undefined ? {} : { os: [os] }),
    ...(libc === undefined ? {} : { libc: [libc] }),
  };
}
