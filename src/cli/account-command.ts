import type { Command } from "commander";
import type { Address } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { type Call, createSender } from "#src/chain/sender.ts";
import { formatHanse, inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { parseAddress, parseAmount, parsePrice } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags, signerAddress, withSigner } from "./signer.ts";

type Flags = ChainFlags & SignerFlags;

/** Contracts that hold bonds, by the names they have in a deployment. */
const CERTIFIERS = ["poco", "jury", "receipt", "hub"] as const;

/** `hanse account`: the money that the Clerk keeps for somebody. */
export function addAccountCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "account", "the money that the Clerk keeps for you");
  const command = (signature: string) => withSigner(withChain(group.command(signature), context), context);

  command("show [address]")
    .description("free and locked balance, what certifiers may hold, and what is still in the wallet")
    .action(async (text: string | undefined, flags: Flags) => {
      const connection = await connectToChain(flags);
      const { chainId } = connection.chain;
      const owner = text === undefined ? await signerAddress(context, flags, chainId) : parseAddress(text);
      await show(context, connection, owner, flags.json);
    });

  command("deposit <amount>")
    .description("move HANSE from the wallet into the account")
    .option("--for <address>", "into somebody else's account: the money is theirs from then on")
    .action(async (text: string, flags: Flags & { readonly for?: string }) => {
      const nano = parseAmount(text);
      const owner = flags.for === undefined ? undefined : parseAddress(flags.for);
      await act(flags, owner, ({ token, clerk }) => {
        const onToken = { address: token, abi: tokenAbi } as const;
        if (owner === undefined) return [{ ...onToken, functionName: "approveAndCall", args: [clerk, nano] }];
        return [
          { ...onToken, functionName: "approve", args: [clerk, nano] },
          { address: clerk, abi: clerkAbi, functionName: "depositFor", args: [owner, nano] },
        ];
      });
    });

  command("withdraw <amount>")
    .description("move free HANSE back into the wallet")
    .action(async (text: string, flags: Flags) => {
      const args = [parseAmount(text)];
      await act(flags, undefined, ({ clerk }) => [
        { address: clerk, abi: clerkAbi, functionName: "withdraw", args },
      ]);
    });

  command("allow <certifier> <amount>")
    .description(
      "let a certifier hold up to so much of your money: a seat's stake, what goods cost, a shop's stake; `poco`, `jury`, `receipt` and `hub` are names",
    )
    .action(async (certifier: string, text: string, flags: Flags) => {
      const amount = parsePrice(text);
      await act(flags, undefined, (contracts) => {
        const name = CERTIFIERS.find((each) => each === certifier);
        const named = name === undefined ? parseAddress(certifier) : contracts[name];
        const args = [named, amount];
        return [{ address: contracts.clerk, abi: clerkAbi, functionName: "allowCertifier", args }];
      });
    });

  withYes(command("cancel-all"))
    .description("cancel every order you ever signed, by raising your epoch on the chain")
    .action(async (flags: Flags & YesFlag) => {
      const { chain, deployment } = await connectToChain(flags);
      const address = await signerAddress(context, flags, chain.chainId);
      const { clerk } = deployment.contracts;
      const onClerk = { address: clerk, abi: clerkAbi } as const;
      const { epoch } = await chain.viem.readContract({
        ...onClerk,
        functionName: "account",
        args: [address],
      });
      await confirm(context, flags, `Cancel every order that ${address} signed in epoch ${epoch}?`);
      await act(flags, undefined, () => [{ ...onClerk, functionName: "raiseEpoch", args: [epoch + 1n] }]);
    });

  /** Sends calls one after the other, and shows the account they were about. */
  async function act(
    flags: Flags,
    about: Address | undefined,
    callsOn: (contracts: ChainConnection["deployment"]["contracts"]) => readonly Call[],
  ): Promise<void> {
    const connection = await connectToChain(flags);
    const { chain, deployment } = connection;
    const calls = callsOn(deployment.contracts);
    const account = await openSigner(context, flags, chain.chainId);
    const sender = createSender({ chain, account });
    for (const call of calls) await sender.send(call);
    await show(context, connection, about ?? account.address, flags.json);
  }
}

async function show(context: CliContext, connection: ChainConnection, owner: Address, json: boolean) {
  const { chain, deployment } = connection;
  const { clerk, token } = deployment.contracts;
  const onClerk = { address: clerk, abi: clerkAbi } as const;
  const bond = async (name: (typeof CERTIFIERS)[number]) => {
    const args = [owner, deployment.contracts[name]] as const;
    return [name, await chain.viem.readContract({ ...onClerk, functionName: "bondOf", args })] as const;
  };
  const [account, wallet, bonds] = await Promise.all([
    chain.viem.readContract({ ...onClerk, functionName: "account", args: [owner] }),
    chain.viem.readContract({ address: token, abi: tokenAbi, functionName: "balanceOf", args: [owner] }),
    Promise.all(CERTIFIERS.map(bond)),
  ]);
  const held = ({ allowance, bonded }: { allowance: bigint; bonded: bigint }) =>
    allowance === 0n && bonded === 0n
      ? undefined
      : `holds ${inHanse(bonded)} of at most ${formatHanse(allowance)}`;
  answer(
    context,
    json,
    { address: owner, ...account, wallet, certifiers: Object.fromEntries(bonds) },
    fields({
      address: owner,
      free: inHanse(account.free),
      locked: inHanse(account.locked),
      wallet: inHanse(wallet),
      ...Object.fromEntries(bonds.map(([name, each]) => [name, held(each)])),
      epoch: String(account.epoch),
    }),
  );
}
