import type { Command } from "commander";

/** A group of subcommands; made where it is not there yet, since what a service does and what its users do share one. */
export function commandGroup(parent: Command, name: string, description: string): Command {
  return (
    parent.commands.find((each) => each.name() === name) ??
    parent.command(name).description(description).helpCommand(false)
  );
}
