import { allCommands, type CommandNode } from "./command-tree.ts";

/** A completion script for fish, for `~/.config/fish/completions/hanse.fish`. */
export function fishCompletion(tree: CommandNode): string {
  const commands = allCommands(tree);
  const paths = commands.slice(1).map(({ path }) => quoted(path));
  const lines = commands.flatMap(({ path, options, subcommands }) => {
    const at = `complete -c ${tree.name} -n ${quoted(`__${tree.name}_at ${path}`)}`;
    return [
      ...subcommands.map(({ name, description }) => `${at} -f -a ${name} -d ${quoted(description)}`),
      ...(subcommands.length > 0 ? [] : [`${at} -F`]),
      ...options.map(({ flag, doc, takes }) => {
        const value = takes === "file" ? " -r -F" : takes === "value" ? " -x" : "";
        return `${at} -l ${flag.slice(2)}${value} -d ${quoted(doc)}`;
      }),
    ];
  });
  return `# fish completion of ${tree.name}
function __${tree.name}_at
  set -l at ${tree.name}
  set -l words (commandline -opc)
  for word in $words[2..]
    switch "$at $word"
      case ${paths.join(" ")}
        set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
complete -c ${tree.name} -f
complete -c ${tree.name} -l help -d 'display help for command'
${lines.join("\n")}
`;
}

/** Between single quotes only these two are special. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
