import type { Command } from "commander";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { createHubShopReader } from "#src/chain/hub-shop-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { inHanse } from "#src/protocol/money.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseCode, parsePrice } from "./arguments.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { type FundingStep, fundingFor, inSequence } from "./funding.ts";
import { type HubFlag, withHub } from "./hub-transaction.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface ChangeFlags extends ChainFlags, SignerFlags, YesFlag {}

interface UpdateFlags extends ChangeFlags, HubFlag {
  readonly endpoint?: string;
  readonly profile?: string;
}

/** What the owner of a shop changes on the Hub by itself: nobody has to check it first. */
export function addShopChangeCommands(group: Command, context: CliContext): void {
  withHub(asOwner(group.command("update <code>")), context)
    .description("have a shop known at another address, or by another description; what is not given stays")
    .option("--endpoint <url>", "base URL at which the shop's service answers")
    .option("--profile <uri>", "URI of a description; an empty one for none")
    .action(async (text: string, flags: UpdateFlags) => {
      const code = parseCode(text);
      if (flags.endpoint === undefined && flags.profile === undefined) {
        throw invalid("nothing is to be changed", "Give --endpoint <url>, --profile <uri>, or both.");
      }
      if (flags.endpoint !== undefined && !/^https?:$/.test(URL.parse(flags.endpoint)?.protocol ?? "")) {
        throw invalid(`${flags.endpoint} is no URL of a service`, "Give one that begins with https://.");
      }
      const connection = await connectToChain(flags);
      const now = await shopOf(connection, code);
      // The chain keeps no description: who listens to it does.
      const profile = flags.profile ?? (await profileOf(flags.hub, code));
      const endpoint = flags.endpoint ?? now.endpoint;
      await send(connection, code, flags, [
        {
          words: `have ${code} known at ${endpoint || "no address"}, described by ${profile || "nothing"}`,
          call: onHub(connection, "update", [shopCodeToHex(code), endpoint, profile]),
        },
      ]);
    });

  asOwner(group.command("add-stake <code> <amount>"))
    .description(
      "bond more of the owner's HANSE for a shop; 0 lifts a suspension where what is bonded is enough by now",
    )
    .action(async (text: string, amount: string, flags: ChangeFlags) => {
      const code = parseCode(text);
      const nano = parsePrice(amount);
      const connection = await connectToChain(flags);
      const { owner } = await shopOf(connection, code);
      await send(connection, code, flags, [
        ...(nano === 0n ? [] : await fundingFor(connection, owner, nano, "hub")),
        {
          words: `bond ${inHanse(nano)} more for ${code}`,
          call: onHub(connection, "addStake", [shopCodeToHex(code), nano]),
        },
      ]);
    });

  async function send(
    { chain }: ChainConnection,
    code: string,
    flags: ChangeFlags,
    steps: readonly FundingStep[],
  ): Promise<void> {
    const account = await openSigner(context, flags, chain.chainId);
    await confirm(context, flags, `${inSequence(steps.map((step) => step.words))}. Go on?`);
    const sender = createSender({ chain, account });
    const transactions: string[] = [];
    for (const { call } of steps) transactions.push((await sender.send(call)).transactionHash);
    answer(
      context,
      flags.json,
      { code, transactions },
      fields({ code, transactions: transactions.join(" ") }),
    );
  }

  function asOwner(command: Command): Command {
    return withYes(withSigner(withChain(command, context), context));
  }
}

/** @throws HANSE_SHOP_UNKNOWN for a code that nobody joined with */
async function shopOf({ chain, deployment }: ChainConnection, code: string) {
  const shop = await createHubShopReader(chain, deployment.contracts)(code);
  if (shop.standing !== "none") return shop;
  throw new HanseError("HANSE_SHOP_UNKNOWN", `no shop of the Hub is called ${code}`, { details: { code } });
}

async function profileOf(hub: string, code: string): Promise<string> {
  return (await createHubClient({}, { baseUrl: hub }).shop(code)).shop?.profile ?? "";
}

function onHub(
  { deployment }: ChainConnection,
  functionName: "update" | "addStake",
  args: readonly unknown[],
): FundingStep["call"] {
  return { address: deployment.contracts.hub, abi: hubAbi, functionName, args };
}
