import { Command } from "commander";
import { addCompletionCommand } from "#src/cli/completion-command.ts";
import type { CliContext } from "#src/cli/context.ts";
import { EXIT_CODES } from "#src/cli/exit-codes.ts";
import { addHelpCommand } from "#src/cli/help-command.ts";
import { addUserCommands } from "#src/cli/user-commands.ts";
import { addDoctorCommand } from "./doctor-command.ts";
import { addLocalCommands } from "./local-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { type LoadedService, SERVICES } from "./services.ts";

/**
 * The whole program: every service, what users do, and the commands that run it all are its subcommands.
 * @param called what was typed: only the options of services named in it are loaded, so that the rest stays quick;
 * without it, or for completion, all are
 */
export async function createProgram(context: CliContext, called?: readonly string[]): Promise<Command> {
  const all = called === undefined || called.includes("completion");
  const wanted = SERVICES.filter(({ name }) => all || called.includes(name));
  const loaded = new Map<string, LoadedService>(
    await Promise.all(wanted.map(async ({ name, load }) => [name, await load()] as const)),
  );
  const program = new Command("hanse")
    .description("A federated marketplace for goods and computing power")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.write(text.trimEnd()),
      writeErr: (text) => context.note(text.trimEnd()),
    })
    .showHelpAfterError("(`hanse --help` lists the commands)")
    .addHelpText("after", `\nExit codes: ${exitCodeWords()}`);
  addLocalCommands(program, context);
  addDoctorCommand(program, context);
  addUserCommands(program, context);
  addServiceCommands(program, context, loaded);
  addCompletionCommand(program, context);
  addHelpCommand(program);
  return program;
}

function exitCodeWords(): string {
  const brief = Object.entries(EXIT_CODES).map(
    ([code, meaning]) => `${code} ${meaning.split(/[:;,]/, 1)[0]}`,
  );
  return brief.join(", ");
}
