import type { Command } from "commander";
import type { Address } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { namesOfPowers, POWER_NAMES, powersOf } from "#src/protocol/power-names.ts";
import { answer } from "./answer.ts";
import { invalid, parseAddress, parseDuration, parseNames, parsePrice } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags, signerAddress, withSigner } from "./signer.ts";
import { timeWords } from "./time-words.ts";

interface SetFlags extends ChainFlags, SignerFlags {
  readonly powers: string;
  readonly limit: string;
  readonly validFor: string;
}

interface Grant {
  readonly key: Address;
  readonly powers: readonly string[];
  readonly limit: bigint;
  readonly spent: bigint;
  /** Unix seconds. */
  readonly validUntil: number;
  readonly expired: boolean;
}

/** `hanse operator`: keys that may sign in an account's name, so that its own stays offline. */
export function addOperatorCommand(program: Command, context: CliContext): void {
  const group = commandGroup(
    program,
    "operator",
    "keys that may sign for your account, within limits; none can withdraw anything",
  );

  withSigner(withChain(group.command("set <key>"), context), context)
    .description("let a key sign for your account, in place of whatever it might do before")
    .requiredOption("--powers <names>", `what it may sign, separated by commas: ${POWER_NAMES.join(", ")}`)
    .option(
      "--limit <amount>",
      "most HANSE that its orders and sponsorships may lock, over all its life",
      "0",
    )
    .option("--valid-for <time>", "how long, such as 12h or 30d", "30d")
    .action(async (text: string, flags: SetFlags) => {
      const key = parseAddress(text);
      const names = parseNames(flags.powers, POWER_NAMES, "power");
      if (names.length === 0)
        throw invalid("no powers are given", "`hanse operator revoke` takes a key's powers away.");
      const limit = parsePrice(flags.limit);
      const validFor = parseDuration(flags.validFor);
      const connection = await connectToChain(flags);
      const { timestamp } = await connection.chain.viem.getBlock();
      const grant = { powers: powersOf(names), limit, validUntil: Number(timestamp + validFor) };
      await setOperator(connection, flags, key, grant);
    });

  withSigner(withChain(group.command("revoke <key>"), context), context)
    .description("take a key's powers away: what it signed and nobody used yet is void at once")
    .action(async (text: string, flags: ChainFlags & SignerFlags) => {
      const connection = await connectToChain(flags);
      await setOperator(connection, flags, parseAddress(text), { powers: 0, limit: 0n, validUntil: 0 });
    });

  withSigner(withChain(group.command("show [account]"), context), context)
    .description("the keys that may sign for an account, and what; default: yours")
    .action(async (text: string | undefined, flags: ChainFlags & SignerFlags) => {
      const connection = await connectToChain(flags);
      const account =
        text === undefined
          ? await signerAddress(context, flags, connection.chain.chainId)
          : parseAddress(text);
      const keys = await keysOf(connection, account);
      const grants = await Promise.all(keys.map((key) => readGrant(connection, account, key)));
      const live = grants.filter(({ powers }) => powers.length > 0);
      const lines = live.map(describe);
      answer(
        context,
        flags.json,
        { account, operators: live },
        lines.length > 0 ? lines : [`no key may sign for ${account} but its own`],
      );
    });

  async function setOperator(
    connection: ChainConnection,
    flags: ChainFlags & SignerFlags,
    key: Address,
    grant: { readonly powers: number; readonly limit: bigint; readonly validUntil: number },
  ): Promise<void> {
    const { chain, deployment } = connection;
    const account = await openSigner(context, flags, chain.chainId);
    await createSender({ chain, account }).send({
      address: deployment.contracts.keyring,
      abi: keyringAbi,
      functionName: "setOperator",
      args: [key, grant],
    });
    const now = await readGrant(connection, account.address, key);
    answer(context, flags.json, { account: account.address, ...now }, [describe(now)]);
  }
}

/** Every key the account ever named. */
async function keysOf({ chain, deployment }: ChainConnection, account: Address): Promise<Address[]> {
  const logs = await chain.viem.getContractEvents({
    address: deployment.contracts.keyring,
    abi: keyringAbi,
    eventName: "OperatorSet",
    args: { account },
    fromBlock: deployment.deployedAtBlock,
  });
  return [...new Set(logs.flatMap(({ args }) => args.key ?? []))];
}

async function readGrant(
  { chain, deployment }: ChainConnection,
  account: Address,
  key: Address,
): Promise<Grant> {
  const { clerk, keyring } = deployment.contracts;
  const args = [account, key] as const;
  const [{ powers, limit, validUntil }, spent, { timestamp }] = await Promise.all([
    chain.viem.readContract({ address: keyring, abi: keyringAbi, functionName: "operatorOf", args }),
    chain.viem.readContract({ address: clerk, abi: clerkAbi, functionName: "spentBy", args }),
    chain.viem.getBlock(),
  ]);
  return {
    key,
    powers: namesOfPowers(powers),
    limit,
    spent,
    validUntil,
    expired: timestamp > BigInt(validUntil),
  };
}

function describe({ key, powers, limit, spent, validUntil, expired }: Grant): string {
  if (powers.length === 0) return `${key} may sign nothing`;
  const time = `${expired ? "expired" : "until"} ${timeWords(validUntil)}`;
  return `${key} may sign ${powers.join(", ")}, ${time}, for at most ${formatHanse(limit)} HANSE (${formatHanse(spent)} used)`;
}
