import type { Command } from "commander";
import { type Hex, isHex, type LocalAccount } from "viem";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, type Deployment, readDeployment } from "#src/chain/deployment.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { type BrokerClient, createBrokerClient } from "#src/client/broker-client.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** What a command gets from outside. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (line: string) => void;
  /** Progress and notes: not part of the answer. */
  readonly note: (line: string) => void;
  /** A path as the user means it, made absolute. */
  readonly fromCaller: (path: string) => string;
}

export interface ConnectionFlags {
  readonly rpc: string;
  readonly deployment: string;
  readonly broker: string;
  readonly json: boolean;
}

export interface Connection {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly broker: BrokerClient;
}

/** The development account that stands in for a user without a key: the demo's requester. */
const DEVELOPMENT_USER = 1;

/** Adds the options that every command which talks to the market has. */
export function withConnection(command: Command, { env, fromCaller }: CliContext): Command {
  return command
    .option(
      "--rpc <url>",
      "RPC endpoint of the chain, or several, separated by commas",
      env.HANSE_RPC_URL ?? "http://127.0.0.1:8545",
    )
    .option(
      "--deployment <file>",
      "deployment manifest",
      fromCaller,
      env.HANSE_DEPLOYMENT ?? ".hanse/up/deployment.json",
    )
    .option("--broker <url>", "base URL of the broker", env.HANSE_BROKER_URL ?? "http://127.0.0.1:4100")
    .option("--json", "answer with JSON", false);
}

/** @throws HANSE_RPC_UNAVAILABLE, HANSE_CONFIG_INVALID, HANSE_CHAIN_MISMATCH */
export async function connect(flags: ConnectionFlags): Promise<Connection> {
  const deployment = await readDeployment(flags.deployment);
  const chain = await connectChain(flags.rpc.split(",").map((url) => url.trim()));
  await checkDeployment(chain, deployment);
  return { chain, deployment, broker: createBrokerClient({ baseUrl: flags.broker }) };
}

/**
 * The user's account, from HANSE_PRIVATE_KEY. On a development chain a known account stands in where there is none.
 * @throws HANSE_CONFIG_INVALID
 */
export function userAccount({ env, note }: CliContext, chainId: number): LocalAccount {
  const key = env.HANSE_PRIVATE_KEY;
  if (key !== undefined && key !== "") {
    if (!isHex(key) || key.length !== 66) {
      throw new HanseError("HANSE_CONFIG_INVALID", "HANSE_PRIVATE_KEY is not 0x and 64 hex digits");
    }
    return accountOfKey(key as Hex, chainId);
  }
  if (chainId !== DEVELOPMENT_CHAIN_ID) {
    throw new HanseError("HANSE_CONFIG_INVALID", "this needs a key", {
      hint: "Put your private key into the environment as HANSE_PRIVATE_KEY.",
    });
  }
  const account = accountOfKey(developmentKey(DEVELOPMENT_USER), chainId);
  note(`using the development account ${account.address}`);
  return account;
}
