import { allCommands, type CommandNode } from "./command-tree.ts";

/** A completion script for bash 3.2 or newer. */
export function bashCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const paths = commands.slice(1).map(({ path }) => quoted(path));
  const flags = (takes: "file" | "value") =>
    commands.flatMap(({ path, options }) =>
      options.filter((each) => each.takes === takes).map(({ flag }) => quoted(`${path} ${flag}`)),
    );
  const words = commands.map(
    ({ path, options, subcommands }) =>
      `    ${quoted(path)}) commands=${quoted(names(subcommands))} options=${quoted(
        [...options.map(({ flag }) => flag), "--help"].join(" "),
      )} ;;`,
  );
  return `# bash completion of ${tree.name}: source it, or put it where bash-completion looks
_${tree.name}() {
  local at=${tree.name} current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} commands= options= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${anyOf(paths)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $before" in
    ${anyOf(flags("file"))}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${anyOf(flags("value"))}) return ;;
  esac
  case "$at" in
${words.join("\n")}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _${tree.name} ${tree.name}
`;
}

function names(commands: readonly CommandNode[]): string {
  return commands.map(({ name }) => name).join(" ");
}

function anyOf(patterns: readonly string[]): string {
  return patterns.join(" | \\\n      ");
}

function quoted(text: string): string {
  return `"${text}"`;
}
