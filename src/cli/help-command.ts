import type { Command } from "commander";
import { invalid } from "./arguments.ts";

/** `hanse help <command...>`, however deep; commander's own goes one level down. */
export function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command("help [command...]")
    .description("say how a command is called, as in `hanse help order sign app`")
    .action((names: readonly string[]) => {
      let found: Command = program;
      for (const name of names) {
        const next = found.commands.find((each) => each.name() === name);
        if (next === undefined) {
          throw invalid(`${found.name()} has no command ${name}`, "`hanse help` lists the commands.");
        }
        found = next;
      }
      found.outputHelp();
    });
}
