import type { z } from "zod";
import { typeInWords } from "./config-type.ts";
import { HanseError } from "./errors.ts";
import { keepSecret } from "./redaction.ts";

/** One option of a program, declared once: its documentation, its default and its check all come from here. */
export interface ConfigOption<Schema extends z.ZodType = z.ZodType> {
  /** Checks and converts; a value from the environment or a flag arrives as text (see config-types.ts). */
  readonly schema: Schema;
  /** Name of the environment variable. */
  readonly env: string;
  /** One sentence for the person who sets it, with the unit. */
  readonly doc: string;
  /** Used when nothing sets the option; an option without one, whose schema is not optional, is required. */
  readonly default?: z.output<Schema>;
  /** The value never appears in messages, documentation or logs, and there is no flag for it: others could read it. */
  readonly secret?: boolean;
  /** The value is a path: in a flag it is meant from where the caller stands, in a file from where that is. */
  readonly path?: boolean;
}

export type ConfigOptions = Readonly<Record<string, ConfigOption>>;

/** The typed outcome of {@link loadConfig}. */
export type ConfigOf<Options extends ConfigOptions> = {
  readonly [Name in keyof Options]: z.output<Options[Name]["schema"]>;
};

export interface ConfigSources {
  /** Command line flags, by option name; they win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The environment, by variable name. An empty variable counts as not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The parsed configuration file, by option name. */
  readonly file?: Readonly<Record<string, unknown>>;
}

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  readonly option: string;
  readonly source: string;
  readonly problem: string;
  readonly expected: string;
}

/** Gives an option its type without repeating it. */
export function defineOption<Schema extends z.ZodType>(option: ConfigOption<Schema>): ConfigOption<Schema> {
  return option;
}

/**
 * Reads every option from flags, environment, file and default, in this order.
 * @returns a frozen object with one property for each option
 * @throws HanseError HANSE_CONFIG_INVALID listing every wrong option at once (`details.problems`)
 */
export function loadConfig<Options extends ConfigOptions>(
  options: Options,
  sources: ConfigSources,
): ConfigOf<Options> {
  const problems: ConfigProblem[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const found = findValue(name, option, sources);
    if (found === undefined && option.default !== undefined) {
      config[name] = option.default;
      continue;
    }
    const parsed = option.schema.safeParse(found?.value);
    for (const text of textsOf(found?.value)) keepSecret(text, { whole: option.secret === true });
    if (parsed.success) {
      config[name] = parsed.data;
      continue;
    }
    const reasons = parsed.error.issues.map((issue) => issue.message).join("; ");
    problems.push({
      option: name,
      source: found?.source ?? `${option.env} or \`${name}\``,
      problem:
        found === undefined
          ? "is required and not set"
          : `${shown(found.value, option)} is wrong: ${option.secret ? "not accepted" : reasons}`,
      expected: option.doc,
    });
  }
  const inFile = (name: string) => `\`${name}\` in the configuration file`;
  for (const [placeOf, values] of [
    [inFile, sources.file],
    [flagOf, sources.flags],
  ] as const) {
    for (const name of Object.keys(values ?? {})) {
      if (Object.hasOwn(options, name)) continue;
      problems.push({
        option: name,
        source: placeOf(name),
        problem: "is no option of this program",
        expected: `one of: ${Object.keys(options).join(", ")}`,
      });
    }
  }
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze(config) as ConfigOf<Options>;
}

/** The texts of a value, which may be a list of them, in one text or several. */
function textsOf(value: unknown): string[] {
  const values = Array.isArray(value) ? value : typeof value === "string" ? [value, ...value.split(",")] : [];
  return values.filter((item) => typeof item === "string");
}

/** A row of {@link describeConfig}. */
export interface ConfigDescription {
  readonly name: string;
  readonly env: string;
  /** The flag of the command line, such as `--rpc-url`; a secret has none. */
  readonly flag?: string;
  /** What a value is, in words. */
  readonly type: string;
  readonly doc: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** The default as text; absent when there is none or it is secret. */
  readonly default?: string;
}

/** Every option in the order of declaration, for documentation and `--help`. */
export function describeConfig(options: ConfigOptions): ConfigDescription[] {
  return Object.entries(options).map(([name, option]) => ({
    name,
    env: option.env,
    ...(option.secret ? {} : { flag: flagOf(name) }),
    type: option.path ? "path" : typeInWords(option.schema),
    doc: option.doc,
    required: option.default === undefined && !option.schema.safeParse(undefined).success,
    secret: option.secret === true,
    ...(option.default !== undefined && !option.secret ? { default: textOf(option.default) } : {}),
  }));
}

function findValue(name: string, option: ConfigOption, sources: ConfigSources) {
  const flag = sources.flags?.[name];
  if (flag !== undefined) return { value: flag, source: flagOf(name) };
  const variable = sources.env?.[option.env];
  if (variable !== undefined && variable !== "") return { value: variable, source: option.env };
  const inFile = sources.file?.[name];
  if (inFile !== undefined) return { value: inFile, source: `\`${name}\` in the configuration file` };
  return undefined;
}

function invalid(problems: readonly ConfigProblem[]): HanseError {
  const lines = problems.map((each) => `  ${each.source} ${each.problem}. Expected: ${each.expected}`);
  const count = problems.length === 1 ? "One option is" : `${problems.length} options are`;
  return new HanseError("HANSE_CONFIG_INVALID", `${count} wrong:\n${lines.join("\n")}`, {
    details: { problems },
  });
}

function shown(value: unknown, option: ConfigOption): string {
  return option.secret ? "the value (hidden)" : textOf(value);
}

function textOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item));
  return text ?? String(value);
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
