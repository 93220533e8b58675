// Writes `docs/contracts.json`: how big each contract is, and where it keeps what. Both are seen by no test: a contract
// that has grown too big cannot be deployed, and a variable that has moved breaks whoever reads storage from outside.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const PATH = "docs/contracts.json";

/** EIP-170: bytes of code that a contract may have. */
const SIZE_LIMIT = 24_576;

/** What has to be left of it, so that a fault can be mended without taking the contract apart first. */
const LEAST_ROOM = 500;

const artifactSchema = z.object({
  buildInfoId: z.string(),
  inputSourceName: z.string(),
  deployedBytecode: z.string(),
});

const slotSchema = z.object({ label: z.string(), offset: z.number(), slot: z.string(), type: z.string() });

const layoutSchema = z.object({
  storage: z.array(slotSchema),
  types: z
    .record(z.string(), z.object({ label: z.string(), members: z.array(slotSchema).optional() }))
    .nullable(),
});

type Layout = z.output<typeof layoutSchema>;

export interface ContractFacts {
  readonly source: string;
  /** Bytes of runtime code, and how many more it may have. */
  readonly size: number;
  readonly room: number;
  /** Each variable as `slot+offset type name`; slots count from 0, offsets are bytes from the right. */
  readonly storage: readonly string[];
  /** The members of structs that are kept, likewise, by the struct's name. */
  readonly structs: Readonly<Record<string, readonly string[]>>;
}

/** @returns the file if it differs from the facts; it is rewritten unless `check` is set. */
export async function writeContractFacts(
  facts: Readonly<Record<string, ContractFacts>>,
  check: boolean,
): Promise<string[]> {
  const text = `${JSON.stringify(facts, null, 2)}\n`;
  if ((await readFile(PATH, "utf8").catch(() => "")) === text) return [];
  if (!check) await writeFile(PATH, text);
  return [PATH];
}

/** @returns a complaint for each contract that is too big, or nearly. */
export function findOversized(facts: Readonly<Record<string, ContractFacts>>): string[] {
  return Object.entries(facts)
    .filter(([, { room }]) => room < LEAST_ROOM)
    .map(([name, { size }]) => {
      const most = SIZE_LIMIT - LEAST_ROOM;
      return `${name} has ${size} bytes of code, ${size - most} more than the ${most} that leave room under the limit`;
    });
}

/** What the compiler said of every contract that can be deployed. */
export async function readContractFacts(): Promise<Record<string, ContractFacts>> {
  const facts: Record<string, ContractFacts> = {};
  for (const { name, source } of await findContracts()) {
    const text = await readFile(join("artifacts", source, `${name}.json`), "utf8");
    const { buildInfoId, inputSourceName, deployedBytecode } = artifactSchema.parse(JSON.parse(text));
    const size = (deployedBytecode.length - 2) / 2;
    const layout = await readLayout(buildInfoId, inputSourceName, name);
    facts[name] = { source, size, room: SIZE_LIMIT - size, ...describe(layout) };
  }
  return Object.fromEntries(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every contract that can be deployed: neither abstract nor a library nor an interface. */
async function findContracts(): Promise<{ name: string; source: string }[]> {
  const files = await readdir("contracts", { recursive: true });
  const found = await Promise.all(
    files
      .filter((file) => file.endsWith(".sol"))
      .map(async (file) => {
        const source = join("contracts", file);
        const text = await readFile(source, "utf8");
        return [...text.matchAll(/^contract (\w+)/gm)].map(([, name = ""]) => ({ name, source }));
      }),
  );
  return found.flat();
}

const buildInfos = new Map<string, Promise<unknown>>();

async function readLayout(buildInfoId: string, source: string, name: string): Promise<Layout> {
  const path = join("artifacts/build-info", `${buildInfoId}.output.json`);
  const reading = buildInfos.get(path) ?? readFile(path, "utf8").then((text) => JSON.parse(text));
  buildInfos.set(path, reading);
  const { output } = (await reading) as {
    output: { contracts: Record<string, Record<string, { storageLayout: unknown }>> };
  };
  return layoutSchema.parse(output.contracts[source]?.[name]?.storageLayout);
}

function describe({ storage, types }: Layout): Pick<ContractFacts, "storage" | "structs"> {
  const nameOf = (type: string) => types?.[type]?.label ?? type;
  const line = ({ slot, offset, type, label }: Layout["storage"][number]) =>
    `${slot}+${offset} ${nameOf(type)} ${label}`;
  const structs = Object.values(types ?? {}).flatMap(({ label, members }) =>
    members === undefined ? [] : [[label, members.map(line)] as const],
  );
  return {
    storage: storage.map(line),
    structs: Object.fromEntries(structs.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
