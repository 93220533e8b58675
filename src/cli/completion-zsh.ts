import { allCommands, type CommandNode } from "./command-tree.ts";

/** A completion script for zsh: in a folder of `fpath` as `_hanse`, or sourced. */
export function zshCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const paths = commands.slice(1).map(({ path }) => quoted(path));
  const flags = (takes: "file" | "value") =>
    commands.flatMap(({ path, options }) =>
      options.filter((each) => each.takes === takes).map(({ flag }) => quoted(`${path} ${flag}`)),
    );
  const words = commands.map(({ path, options, subcommands }) => {
    const described = [
      ...options.map(({ flag, doc }) => entry(flag, doc)),
      entry("--help", "display help for command"),
    ];
    return `    ${quoted(path)})
      commands=(${subcommands.map(({ name, description }) => entry(name, description)).join(" ")})
      options=(${described.join(" ")}) ;;`;
  });
  return `#compdef ${tree.name}
_${tree.name}() {
  local at=${tree.name} i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${anyOf(paths)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
    ${anyOf(flags("file"))}) _files; return ;;
    ${anyOf(flags("value"))}) return ;;
  esac
  case "$at" in
${words.join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _${tree.name} ]]; then _${tree.name} "$@"; else compdef _${tree.name} ${tree.name}; fi
`;
}

function anyOf(patterns: readonly string[]): string {
  return patterns.join(" | \\\n      ");
}

/** `name:description`, as `_describe` takes it: a colon of the name's own is escaped. */
function entry(name: string, description: string): string {
  return quoted(`${name.replaceAll(":", "\\:")}:${description}`);
}

/** Nothing is expanded between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
