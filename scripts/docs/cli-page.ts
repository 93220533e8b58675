import { createProgram } from "#src/bin/program.ts";
import { allCommands, type CommandNode, commandTree } from "#src/cli/command-tree.ts";
import type { CliContext } from "#src/cli/context.ts";
import { EXIT_CODES } from "#src/cli/exit-codes.ts";

/** The commands are only looked at: nothing is asked, written or computed. */
const nobody: CliContext = {
  env: {},
  write: () => undefined,
  note: () => undefined,
  fromCaller: (path) => path,
  ask: async () => undefined,
  readInput: async () => "",
  recompute: () => Promise.reject(new Error("nothing is computed here")),
};

const VARIABLES: Readonly<Record<string, string>> = {
  HANSE_RPC_URL: "RPC endpoint of the chain, where --rpc is not given",
  HANSE_DEPLOYMENT: "deployment manifest, where --deployment is not given",
  HANSE_BROKER_URL: "base URL of the broker, where --broker is not given",
  HANSE_POOL_URL: "base URL of a pool's scheduler, for `pool account`, `task show` and `doctor`",
  HANSE_WORKER_URL: "base URL of a worker, for `worker earnings`",
  HANSE_CONTENT_URL: "base URL of the content service that takes what is registered",
  HANSE_CONTENT_SOURCES: "content services that results are fetched from first, separated by commas",
  HANSE_UPLOAD_TOKEN: "bearer token for uploads (secret)",
  HANSE_SHOP_URL: "base URL of a shop's service, where --shop is not given",
  HANSE_SHOP_OWNER_TOKEN: "owner's token of the shop, where --token-file is not given (secret)",
  HANSE_WALLETS: "folder of the wallets; default `~/.hanse/wallets`",
  HANSE_WALLET_PASSWORD: "password of the wallet, where --password-file is not given (secret)",
  HANSE_PRIVATE_KEY: "a key in clear instead of a wallet (secret)",
  HANSE_KEYSTORE: "a keystore file instead of a wallet",
};

/** `docs/cli.md`: every command there is, as the program itself knows them. */
export async function renderCli(generated: string): Promise<string> {
  const [program, ...commands] = allCommands(commandTree(await createProgram(nobody)));
  const table = (head: string, rows: readonly string[]) => `${head}\n${rows.join("\n")}\n`;
  const exits = Object.entries(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const variables = Object.entries(VARIABLES).map(([name, doc]) => `| \`${name}\` | ${doc} |`);
  const sections = commands.filter(({ subcommands }) => subcommands.length === 0).map(renderCommand);
  return `${generated}
# Commands

\`${program?.name} <command>\`; in a clone of the repository \`./hanse <command>\`. \`hanse help <command>\` says the same as this page, and
\`source <(hanse completion bash)\` completes commands and options (zsh and fish too).

With \`--json\` a command answers with one JSON value on standard output: amounts are decimal strings in nano-HANSE (1 HANSE is
10^9), ids and hashes are 0x-hex, and fields are only ever added. What went wrong is then one line of JSON on standard error:
\`{ "error": { code, message, hint, retryable, details? }, "exitCode" }\`, with a code of [errors.md](errors.md). Progress and questions are
on standard error too. Nothing is asked where standard input is no terminal.

## Exit codes

${table("| code | meaning |\n|---|---|", exits)}
## Environment

${table("| variable | what it sets |\n|---|---|", variables)}
What services take is in [options.md](options.md).

## Which key signs

The wallet named by \`--wallet\`; else the key in \`HANSE_PRIVATE_KEY\`; else the keystore in \`HANSE_KEYSTORE\`; else the default wallet
(\`hanse wallet use\`). On a development chain a known account stands in where there is none; keys that everybody knows are refused on
every other chain. A password comes from \`--password-file\`, else from \`HANSE_WALLET_PASSWORD\`, else you are asked.

${sections.join("\n")}`;
}

function renderCommand({ path, description, arguments: args, options }: CommandNode): string {
  const words = args.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`));
  const described = args.filter(({ doc }) => doc !== "").map(({ name, doc }) => `| \`${name}\` | ${doc} | |`);
  const rows = options.map(({ syntax, doc, required, default: fallback }) => {
    const value = required
      ? "required"
      : fallback === undefined || doc.includes("(default:")
        ? ""
        : `\`${fallback}\``;
    return `| \`${syntax}\` | ${doc} | ${value} |`;
  });
  const table = [...described, ...rows];
  const head = `## ${path}\n\n\`${[path, ...words].join(" ")}\`: ${description}\n`;
  return table.length === 0
    ? head
    : `${head}\n| option | what it does | default |\n|---|---|---|\n${table.join("\n")}\n`;
}
