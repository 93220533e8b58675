import type { Command } from "commander";
import type { Address } from "viem";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { parseAddress, parseAmount } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags, signerAddress, withSigner } from "./signer.ts";

/** `hanse token`: HANSE in wallets, outside of the market's accounts. */
export function addTokenCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "token", "HANSE in wallets, outside of the market's accounts");

  withSigner(withChain(group.command("balance [address]"), context), context)
    .description("what a wallet holds, of HANSE and of the coin that pays for gas; default: yours")
    .action(async (text: string | undefined, flags: ChainFlags & SignerFlags) => {
      const connection = await connectToChain(flags);
      const { chainId } = connection.chain;
      const owner = text === undefined ? await signerAddress(context, flags, chainId) : parseAddress(text);
      const balance = await readBalance(connection, owner);
      const coin = await connection.chain.viem.getBalance({ address: owner });
      answer(
        context,
        flags.json,
        { address: owner, balance, coinWei: coin },
        fields({ address: owner, balance: inHanse(balance), "coin for gas": `${coin} wei` }),
      );
    });

  withYes(withSigner(withChain(group.command("transfer <to> <amount>"), context), context))
    .description("send HANSE to another wallet")
    .action(async (toText: string, amountText: string, flags: ChainFlags & SignerFlags & YesFlag) => {
      const [to, amount] = [parseAddress(toText), parseAmount(amountText)];
      const connection = await connectToChain(flags);
      const { chain, deployment } = connection;
      const account = await openSigner(context, flags, chain.chainId);
      await confirm(context, flags, `Send ${inHanse(amount)} to ${to}?`);
      const { transactionHash } = await createSender({ chain, account }).send({
        address: deployment.contracts.token,
        abi: tokenAbi,
        functionName: "transfer",
        args: [to, amount],
      });
      const balance = await readBalance(connection, account.address);
      answer(
        context,
        flags.json,
        { from: account.address, to, amount, balance, transaction: transactionHash },
        [`sent ${inHanse(amount)} to ${to}; ${inHanse(balance)} are left`],
      );
    });
}

async function readBalance({ chain, deployment }: ChainConnection, owner: Address): Promise<bigint> {
  const { token } = deployment.contracts;
  return await chain.viem.readContract({
    address: token,
    abi: tokenAbi,
    functionName: "balanceOf",
    args: [owner],
  });
}
