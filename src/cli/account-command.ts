import type { Command } from "commander";
import { type Address, getAddress, isAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { formatHanse, parseHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import {
  type CliContext,
  type Connection,
  type ConnectionFlags,
  connect,
  userAccount,
  withConnection,
} from "./connection.ts";

/** `hanse account`: the money that the Clerk keeps for somebody. */
export function addAccountCommand(program: Command, context: CliContext): void {
  const group = program.command("account").description("the money that the Clerk keeps for you");

  withConnection(group.command("show [address]"), context)
    .description("free and locked balance, and what is still in the wallet")
    .action(async (text: string | undefined, flags: ConnectionFlags) => {
      const connection = await connect(flags);
      const owner =
        text === undefined ? userAccount(context, connection.chain.chainId).address : parseAddress(text);
      await show(context, connection, owner, flags.json);
    });

  withConnection(group.command("deposit <amount>"), context)
    .description("move HANSE from the wallet into the account")
    .action(async (amount: string, flags: ConnectionFlags) => {
      const connection = await connect(flags);
      const { token, clerk } = connection.deployment.contracts;
      const account = userAccount(context, connection.chain.chainId);
      const sender = createSender({ chain: connection.chain, account });
      const nano = parseAmount(amount);
      await sender.send({
        address: token,
        abi: tokenAbi,
        functionName: "approveAndCall",
        args: [clerk, nano],
      });
      await show(context, connection, account.address, flags.json);
    });

  withConnection(group.command("withdraw <amount>"), context)
    .description("move free HANSE back into the wallet")
    .action(async (amount: string, flags: ConnectionFlags) => {
      const connection = await connect(flags);
      const account = userAccount(context, connection.chain.chainId);
      const sender = createSender({ chain: connection.chain, account });
      const { clerk } = connection.deployment.contracts;
      await sender.send({
        address: clerk,
        abi: clerkAbi,
        functionName: "withdraw",
        args: [parseAmount(amount)],
      });
      await show(context, connection, account.address, flags.json);
    });
}

async function show(context: CliContext, { chain, deployment }: Connection, owner: Address, json: boolean) {
  const { clerk, token } = deployment.contracts;
  const [account, wallet] = await Promise.all([
    chain.viem.readContract({ address: clerk, abi: clerkAbi, functionName: "account", args: [owner] }),
    chain.viem.readContract({ address: token, abi: tokenAbi, functionName: "balanceOf", args: [owner] }),
  ]);
  answer(
    context,
    json,
    { address: owner, ...account, wallet },
    fields({
      address: owner,
      free: `${formatHanse(account.free)} HANSE`,
      locked: `${formatHanse(account.locked)} HANSE`,
      wallet: `${formatHanse(wallet)} HANSE`,
      epoch: String(account.epoch),
    }),
  );
}

function parseAddress(text: string): Address {
  if (isAddress(text, { strict: false })) return getAddress(text);
  throw new HanseError("HANSE_REQUEST_INVALID", `${text} is no address`, {
    hint: "An address is 0x and 40 hex digits.",
  });
}

/** @returns nano-HANSE */
export function parseAmount(text: string): bigint {
  const nano = parseHanse(text);
  if (nano !== undefined && nano > 0n) return nano;
  throw new HanseError("HANSE_REQUEST_INVALID", `${text} is no amount of HANSE`, {
    hint: "Give a positive decimal number with at most nine decimals, such as 12.5.",
  });
}
