import { HanseError } from "#src/kernel/errors.ts";

/** Where `hanse up` keeps its state, and commands look for it. */
export const DEFAULT_STATE = ".hanse/up";

/** First of the block of ports that `hanse up` takes for services. */
export const DEFAULT_PORT = 4100;
export const DEFAULT_RPC_PORT = 8545;

/** How many ports the block has. */
export const PORT_BLOCK = 20;

/** @throws HANSE_CONFIG_INVALID */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535 - PORT_BLOCK) return port;
  throw new HanseError("HANSE_CONFIG_INVALID", `${text} is no port to begin with`, {
    hint: `Give a whole number from 1 to ${65_535 - PORT_BLOCK}: services take the ports from there on.`,
  });
}

/** @throws HANSE_CONFIG_INVALID where the chain's port lies among the services' */
export function assertApart(port: number, rpcPort: number): void {
  if (rpcPort < port || rpcPort >= port + PORT_BLOCK) return;
  throw new HanseError(
    "HANSE_CONFIG_INVALID",
    `port ${rpcPort} is one of the services' (${port} to ${port + PORT_BLOCK - 1})`,
    {
      hint: "Choose --port and --rpc-port further apart.",
    },
  );
}
