import type { Command, Option } from "commander";

/** A command as it is documented and completed. */
export interface CommandNode {
  /** From the program's name on: `hanse order sign`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly required: boolean; readonly doc: string }[];
  readonly options: readonly OptionNode[];
  readonly subcommands: readonly CommandNode[];
}

export interface OptionNode {
  /** `--max-price`; `-h` of `--help` is left out. */
  readonly flag: string;
  /** As help shows it: `--max-price <amount>`. */
  readonly syntax: string;
  readonly doc: string;
  readonly takes: "nothing" | "file" | "value";
  readonly required: boolean;
  readonly default?: string;
}

/** The command and everything below it that help shows. */
export function commandTree(command: Command, parent = ""): CommandNode {
  const help = command.createHelp();
  const path = parent === "" ? command.name() : `${parent} ${command.name()}`;
  return {
    path,
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((each) => ({
      name: `${each.name()}${each.variadic ? "..." : ""}`,
      required: each.required,
      doc: each.description,
    })),
    options: help
      .visibleOptions(command)
      .filter(({ long }) => long !== undefined && long !== "--help")
      .map(optionNode),
    // Not commander's own `help`, which every group has.
    subcommands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== "help")
      .map((each) => commandTree(each, path)),
  };
}

/** A node and everything below it. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.subcommands.flatMap(allCommands)];
}

function optionNode(option: Option): OptionNode {
  const { long, flags, description, required, optional, mandatory, defaultValue } = option;
  const takesValue = required || optional;
  const fallback = defaultValue === undefined || defaultValue === false ? undefined : String(defaultValue);
  return {
    flag: long ?? flags,
    syntax: flags,
    doc: description,
    takes: !takesValue ? "nothing" : /<(file|folder)>/.test(flags) ? "file" : "value",
    required: mandatory,
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}
