import type { Command } from "commander";
import { invalid } from "./arguments.ts";
import { commandTree } from "./command-tree.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";
import type { CliContext } from "./context.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `hanse completion <shell>`: made from the commands as they are. */
export function addCompletionCommand(program: Command, { write }: CliContext): void {
  program
    .command("completion")
    .argument("<shell>", Object.keys(SHELLS).join(", "))
    .description("print a completion script, as for `source <(hanse completion bash)`")
    .action((shell: string) => {
      const known = Object.keys(SHELLS).find((each) => each === shell) as keyof typeof SHELLS | undefined;
      if (known === undefined) throw invalid(`${shell} is no shell known here`, "Choose bash, zsh or fish.");
      write(SHELLS[known](commandTree(program)).trimEnd());
    });
}
