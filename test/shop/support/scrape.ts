/** What Prometheus reads of a service: each series with its labels, and the value it has. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly samples: readonly Sample[];
  /** The type of each family, by its name. */
  readonly types: ReadonlyMap<string, string>;
}

/** Reads `/metrics`, by the text format's own rules. @throws for a line that is none of it */
export async function scrape(url: string): Promise<Scrape> {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of (await (await fetch(`${url}/metrics`)).text()).split("\n")) {
    const [, family = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (type !== "") types.set(family, type);
    if (line === "" || line.startsWith("#")) continue;
    const [all, name = "", , labels = "", value = ""] =
      /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (all === undefined) throw new Error(`this is no sample: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    samples.push({
      name,
      labels: Object.fromEntries(pairs.map(([, label = "", text = ""]) => [label, text])),
      value: Number(value),
    });
  }
  return { samples, types };
}
