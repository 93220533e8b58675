import type { Command } from "commander";
import { type Address, decodeFunctionData, type Hex, isAddressEqual } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
import type { Prepared } from "#src/client/hub-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { inHanse } from "#src/protocol/money.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { answer, fields } from "./answer.ts";
import { confirm, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags } from "./signer.ts";

export interface HubFlag {
  readonly hub: string;
}

export function withHub(command: Command, { env }: CliContext): Command {
  return command.option(
    "--hub <url>",
    "base URL of the hub service",
    env.HANSE_HUB_URL || "http://127.0.0.1:4104",
  );
}

export interface OwnerFlags extends ChainFlags, SignerFlags, HubFlag, YesFlag {}

/** What the wallet is to have done on the Hub. */
interface HubCall {
  readonly functionName: "join" | "leave" | "rotateKey";
  readonly args: readonly unknown[];
}

const WORDS = {
  join: "join, for good",
  leave: "leave with the shop",
  rotateKey: "have the shop sign with another key",
} as const satisfies Record<HubCall["functionName"], string>;

/** Has the hub service check and prepare it, holds that against what was asked for, and sends it. */
export async function sendByHub(
  context: CliContext,
  flags: OwnerFlags,
  code: string,
  prepare: (hub: HubClient, token: string) => Promise<Prepared>,
  wanted: HubCall,
): Promise<void> {
  const connection = await connectToChain(flags);
  const { chain, deployment } = connection;
  const account = await openSigner(context, flags, chain.chainId);
  const client = createHubClient({}, { baseUrl: flags.hub });
  // Of the deployment, not as the service says: whoever names the contract names who may hold the stake.
  const { hub } = deployment.contracts;
  await assertSameHub(client, hub);
  const session = await client.signIn(account);
  try {
    const prepared = await prepare(client, session.accessToken);
    const calls = await checkedCalls(connection, { hub, owner: account.address, code, prepared, wanted });
    await confirm(context, flags, `${calls.map(({ words }) => words).join(", then ")}. Go on?`);
    const sender = createSender({ chain, account });
    const transactions: Hex[] = [];
    for (const { call } of calls) transactions.push((await sender.send(call)).transactionHash);
    const shown = { code, hub, transactions };
    answer(context, flags.json, shown, fields({ ...shown, transactions: transactions.join(" ") }));
  } finally {
    // It has served its purpose; that the service cannot be told takes nothing from what was done.
    await client.signOut(session.refreshToken).catch(() => undefined);
  }
}

/**
 * What a hub service prepared is sent only where it is what was asked for: it could have the wallet do anything.
 * @throws HANSE_PEER_RESPONSE_INVALID
 */
async function checkedCalls(
  { chain, deployment }: ChainConnection,
  asked: {
    readonly hub: Address;
    readonly owner: Address;
    readonly code: string;
    readonly prepared: Prepared;
    readonly wanted: HubCall;
  },
) {
  const { hub, owner, code, prepared, wanted } = asked;
  const { clerk } = deployment.contracts;
  const onHub = { address: hub, abi: hubAbi } as const;
  const last = prepared.transactions.at(-1);
  if (last === undefined || !isAddressEqual(last.to, hub) || !isSame(last.data, wanted)) throw unexpected();
  const main = { words: WORDS[wanted.functionName], call: { ...onHub, ...wanted } as const };
  const before = prepared.transactions.slice(0, -1);
  if (before.length === 0) return [main];
  if (wanted.functionName !== "join" || before.length > 1) throw unexpected();
  const [stake, bond] = await Promise.all([
    chain.viem.readContract({ ...onHub, functionName: "stakeFor", args: [shopCodeToHex(code)] }),
    chain.viem.readContract({ address: clerk, abi: clerkAbi, functionName: "bondOf", args: [owner, hub] }),
  ]);
  const allowance = bond.bonded + stake;
  const args = [hub, allowance] as const;
  const words = `let the Hub ${hub} hold up to ${inHanse(allowance)} of yours`;
  return [
    { words, call: { address: clerk, abi: clerkAbi, functionName: "allowCertifier", args } as const },
    main,
  ];
}

async function assertSameHub(client: HubClient, hub: Address): Promise<void> {
  const { url, hub: followed } = await client.info();
  if (followed.toLowerCase() === hub.toLowerCase()) return;
  throw new HanseError("HANSE_CONFLICT", `${url} is the service of another Hub: ${followed}`, {
    details: { hub, followed },
    hint: "Name a service that follows the Hub of the deployment, or the deployment that it follows.",
  });
}

function isSame(data: Hex, { functionName, args }: HubCall): boolean {
  try {
    const decoded = decodeFunctionData({ abi: hubAbi, data });
    return decoded.functionName === functionName && JSON.stringify(decoded.args) === JSON.stringify(args);
  } catch {
    return false;
  }
}

function unexpected(): HanseError {
  return new HanseError(
    "HANSE_PEER_RESPONSE_INVALID",
    "the hub service prepared something else than it was asked for; nothing was sent",
  );
}
