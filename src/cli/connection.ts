import type { Command } from "commander";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, type Deployment, readDeployment } from "#src/chain/deployment.ts";
import { type BrokerClient, createBrokerClient } from "#src/client/broker-client.ts";
import type { CliContext } from "./context.ts";

export interface JsonFlag {
  readonly json: boolean;
}

export interface ChainFlags extends JsonFlag {
  readonly rpc: string;
  readonly deployment: string;
}

export interface ConnectionFlags extends ChainFlags {
  readonly broker: string;
}

export interface ChainConnection {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
}

export interface Connection extends ChainConnection {
  readonly broker: BrokerClient;
}

export function withJson(command: Command): Command {
  return command.option("--json", "answer with JSON", false);
}

/** Adds the options of commands that talk to the chain. */
export function withChain(command: Command, { env, fromCaller }: CliContext): Command {
  return withJson(command)
    .option(
      "--rpc <url>",
      "RPC endpoint of the chain, or several, separated by commas",
      env.HANSE_RPC_URL || "http://127.0.0.1:8545",
    )
    .option(
      "--deployment <file>",
      "deployment manifest",
      fromCaller,
      env.HANSE_DEPLOYMENT || ".hanse/up/deployment.json",
    );
}

/** Adds the options of commands that talk to the chain and a broker. */
export function withConnection(command: Command, context: CliContext): Command {
  return withBroker(withChain(command, context), context);
}

export function withBroker(command: Command, context: CliContext): Command {
  return command.option(
    "--broker <url>",
    "base URL of the broker",
    context.env.HANSE_BROKER_URL || "http://127.0.0.1:4100",
  );
}

/** @throws HANSE_RPC_UNAVAILABLE, HANSE_CONFIG_INVALID, HANSE_CHAIN_MISMATCH */
export async function connectToChain(flags: ChainFlags): Promise<ChainConnection> {
  const deployment = await readDeployment(flags.deployment);
  const chain = await connectChain(flags.rpc.split(",").map((url) => url.trim()));
  await checkDeployment(chain, deployment);
  return { chain, deployment };
}

/** As `connectToChain`; the broker is asked only when something is wanted of it. */
export async function connect(flags: ConnectionFlags): Promise<Connection> {
  return { ...(await connectToChain(flags)), broker: createBrokerClient({ baseUrl: flags.broker }) };
}
