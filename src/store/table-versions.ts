/** Numbers that rise with what this process writes: as long as a table's stays, nothing it wrote there has been committed. */
export interface TableVersions {
  /** Of these tables together. */
  of(tables: readonly string[]): number;
  /** Of one connection, in the order of its statements; to be told once each has ended, well or not. */
  watch(): (statement: string) => void;
}

/** Statements that write nothing by themselves. */
const HARMLESS = /^\s*(?:select|begin|start|rollback|set|show|savepoint|release|explain)\b/i;
const WRITES = /^\s*(?:insert\s+into|update(?:\s+only)?|delete\s+from)\s+"?(\w+)"?/i;

export function createTableVersions(): TableVersions {
  const versions = new Map<string, number>();
  let all = 0;
  const rise = (tables: Iterable<string>) => {
    for (const table of tables) {
      if (table === ANY) all++;
      else versions.set(table, (versions.get(table) ?? 0) + 1);
    }
  };
  return {
    of: (tables) => tables.reduce((sum, table) => sum + (versions.get(table) ?? 0), all),
    watch() {
      let open: Set<string> | undefined;
      return (statement) => {
        if (/^\s*(?:begin|start)\b/i.test(statement)) open = new Set();
        else if (/^\s*(?:commit|end)\b/i.test(statement)) {
          rise(open ?? []);
          open = undefined;
        } else if (/^\s*rollback\b(?!\s+to)/i.test(statement)) open = undefined;
        else if (!HARMLESS.test(statement)) {
          const table = WRITES.exec(statement)?.[1] ?? ANY;
          if (open === undefined) rise([table]);
          else open.add(table);
        }
      };
    },
  };
}

/** What cannot be told from the statement: a truncation, a statement behind `with`. */
const ANY = "*";
