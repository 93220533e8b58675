import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { answer } from "#src/cli/answer.ts";
import { invalid } from "#src/cli/arguments.ts";
import { commandGroup } from "#src/cli/command-group.ts";
import { type JsonFlag, withJson } from "#src/cli/connection.ts";
import type { CliContext } from "#src/cli/context.ts";
import {
  type ConfigDescription,
  type ConfigSources,
  describeConfig,
  loadConfig,
} from "#src/kernel/config.ts";
import { readConfigFile, resolvePaths, withKeystore } from "./config-sources.ts";
import { type LoadedService, SERVICES, type Service } from "./services.ts";

interface StartFlags {
  readonly config?: string;
}

/**
 * Adds `hanse <service> start|options` and `hanse config check`.
 * @param loaded the services whose options become flags; the others are only named
 */
export function addServiceCommands(
  program: Command,
  context: CliContext,
  loaded: ReadonlyMap<string, LoadedService>,
): void {
  for (const service of SERVICES) addService(program, context, service, loaded.get(service.name));

  withConfig(withJson(commandGroup(program, "config", "configuration of services").command("check")), context)
    .argument("<service>", visibleNames().join(", "))
    .description("whether a service would start with its present configuration; every fault is told at once")
    .action(async (name: string, flags: StartFlags & JsonFlag) => {
      const service = loaded.get(name) ?? (await SERVICES.find((each) => each.name === name)?.load());
      if (service === undefined)
        throw invalid(`${name} is no service`, `Choose one of: ${visibleNames().join(", ")}.`);
      const sources = await withKeystore(await sourcesOf(context, service, flags, {}));
      loadConfig(service.options, sources);
      const rows = describeConfig(service.options).map((row) => ({
        name: row.name,
        source: sourceOf(row, sources),
      }));
      answer(context, flags.json, { service: name, valid: true, options: rows }, [
        `the configuration of ${name} is good`,
        ...rows.map((row) => `  ${row.name.padEnd(22)} from ${row.source}`),
      ]);
    });
}

function addService(
  program: Command,
  context: CliContext,
  { name, summary, hidden = false, load }: Service,
  known: LoadedService | undefined,
): void {
  const group = hidden
    ? program.command(name, { hidden }).description(summary)
    : commandGroup(program, name, summary);
  const start = withConfig(group.command("start"), context).description(
    "run it as this process; flags win over the environment, and that over the configuration file",
  );
  for (const { flag, type, doc, default: fallback } of describeConfig(known?.options ?? {})) {
    if (flag === undefined) continue;
    start.option(
      `${flag} ${placeholderOf(type)}`,
      fallback === undefined ? doc : `${doc} (default: ${fallback || "empty"})`,
    );
  }
  start.action(async ({ config, ...flags }: StartFlags & Record<string, unknown>) => {
    const service = known ?? (await load());
    await service.start(await sourcesOf(context, service, config === undefined ? {} : { config }, flags));
  });

  withJson(group.command("options"))
    .description("every option: flag, environment variable, name in a configuration file, type and default")
    .action(async ({ json }: JsonFlag) => {
      const rows = describeConfig((known ?? (await load())).options);
      answer(context, json, rows, rows.flatMap(describeRow));
    });
}

function withConfig(command: Command, { fromCaller }: CliContext): Command {
  return command.option("--config <file>", "JSON file with option names", fromCaller);
}

async function sourcesOf(
  { env, fromCaller }: CliContext,
  { options }: LoadedService,
  { config }: StartFlags,
  flags: Readonly<Record<string, unknown>>,
): Promise<ConfigSources> {
  const sources = { env, flags: resolvePaths(options, flags, fromCaller) };
  if (config === undefined) return sources;
  const file = await readConfigFile(config);
  return { ...sources, file: resolvePaths(options, file, (path) => resolve(dirname(config), path)) };
}

function sourceOf({ name, env: variable }: ConfigDescription, { env, flags, file }: ConfigSources): string {
  if (name === "privateKey" && flags?.privateKey !== undefined) return "the keystore";
  if (env?.[variable]) return variable;
  return file?.[name] === undefined ? "its default" : "the configuration file";
}

function describeRow({ name, env, flag, type, doc, required, secret, default: fallback }: ConfigDescription) {
  const value =
    fallback === undefined ? (required ? "required" : "optional") : `default: ${fallback || "empty"}`;
  return [
    `${name}  (${type}, ${value}${secret ? ", secret" : ""})`,
    `    ${doc}`,
    `    ${[flag, env].filter((each) => each !== undefined).join("  ")}`,
  ];
}

function placeholderOf(type: string): string {
  if (type === "path") return "<file>";
  return type === "URL" ? "<url>" : type.includes("number") ? "<number>" : "<value>";
}

function visibleNames(): string[] {
  return SERVICES.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
}
