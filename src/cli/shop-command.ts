import type { Command } from "commander";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
import type { ShopView } from "#src/client/hub-schema.ts";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { publicJwk, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { answer, fields } from "./answer.ts";
import { parseBytes32, parseCode, parseDuration } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { withYes } from "./confirm.ts";
import { type ChainFlags, connectToChain, type JsonFlag, withChain, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { type HubFlag, type OwnerFlags, sendByHub, withHub } from "./hub-transaction.ts";
import { addShopChangeCommands } from "./shop-change-commands.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface JoinFlags extends OwnerFlags {
  readonly key: string;
  readonly endpoint: string;
  readonly profile: string;
}

interface RotateFlags extends OwnerFlags {
  readonly key: string;
  readonly overlap: string;
}

/** `hanse shop`: shops of a federation, and what the owner of one does. */
export function addShopCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "shop", "shops of the federation: find them, join with one, leave");

  withHub(withJson(group.command("list")), context)
    .description("the shops that a hub service lists")
    .action(async ({ hub, json }: HubFlag & JsonFlag) => {
      const shops = await allShops(createHubClient({}, { baseUrl: hub }));
      const rows = shops.map(({ code, origin, shop }) => [
        code,
        shop?.endpoint ?? "",
        shop?.owner ?? "",
        origin ?? "",
      ]);
      const words =
        rows.length === 0
          ? ["no shop is listed"]
          : [renderTable(["code", "endpoint", "owner", "listed by"], rows)];
      answer(context, json, { shops }, words);
    });

  withHub(withJson(group.command("show <code>")), context)
    .description("what a hub service knows of one shop")
    .action(async (text: string, { hub, json }: HubFlag & JsonFlag) => {
      const view = await createHubClient({}, { baseUrl: hub }).shop(parseCode(text));
      const { shop, ...rest } = view;
      answer(context, json, view, fields({ ...rest, ...shop }));
    });

  withJson(group.command("key <file>"))
    .description(
      "show the public key of a shop's key file; where there is none, it is made, for you alone to read",
    )
    .action(async (file: string, { json }: JsonFlag) => {
      const path = context.fromCaller(file);
      const { publicKey } = shopKeyFromSeed(await keepSeed(path));
      const shown = { key: publicKey, kid: publicJwk(publicKey).kid, file: path };
      answer(context, json, shown, fields(shown));
    });

  withKey(asOwner(group.command("join <code>"), context))
    .description("join with a shop, for good: its service is asked to prove its key, and its stake is bonded")
    .requiredOption("--endpoint <url>", "base URL at which the shop's service answers")
    .option("--profile <uri>", "URI of a description", "")
    .action(async (text: string, flags: JoinFlags) => {
      const code = parseCode(text);
      const { endpoint, profile } = flags;
      const key = parseBytes32("key", flags.key);
      await sendByHub(
        context,
        flags,
        code,
        async (hub, token) => await hub.join(token, { code, key, endpoint, profile }),
        {
          functionName: "join",
          args: [shopCodeToHex(code), key, endpoint, profile],
        },
      );
    });

  asOwner(group.command("leave <code>"), context)
    .description("leave with a shop: it is no member from then on, and its stake can be released later")
    .action(async (text: string, flags: OwnerFlags) => {
      const code = parseCode(text);
      await sendByHub(context, flags, code, async (hub, token) => await hub.leave(token, code), {
        functionName: "leave",
        args: [shopCodeToHex(code)],
      });
    });

  withKey(asOwner(group.command("rotate-key <code>"), context))
    .description("have a shop sign with another key, which its service has to have already")
    .option("--overlap <time>", "how long the old key stays good, such as 1h; 0s revokes it at once", "1h")
    .action(async (text: string, flags: RotateFlags) => {
      const code = parseCode(text);
      const key = parseBytes32("key", flags.key);
      const overlapS = Number(parseDuration(flags.overlap));
      await sendByHub(
        context,
        flags,
        code,
        async (hub, token) => await hub.rotateKey(token, code, { key, overlapS }),
        {
          functionName: "rotateKey",
          args: [shopCodeToHex(code), key, overlapS],
        },
      );
    });

  addShopChangeCommands(group, context);

  withSigner(withChain(group.command("release <code>"), context), context)
    .description("release the stake of a shop that left, once its time has passed; anybody may")
    .action(async (text: string, flags: ChainFlags & SignerFlags) => {
      const code = parseCode(text);
      const { chain, deployment } = await connectToChain(flags);
      const account = await openSigner(context, flags, chain.chainId);
      const { transactionHash } = await createSender({ chain, account }).send({
        ...{ address: deployment.contracts.hub, abi: hubAbi, functionName: "release" },
        args: [shopCodeToHex(code)],
      });
      const shown = { code, transaction: transactionHash };
      answer(context, flags.json, shown, fields(shown));
    });
}

/** All members. */
async function allShops(hub: HubClient): Promise<ShopView[]> {
  const shops = new Map<string, ShopView>();
  let since: string | undefined;
  for (let more = true; more; ) {
    const page = await hub.shops({ limit: 500, ...(since === undefined ? {} : { since }) });
    for (const shop of page.shops) {
      if (shop.standing === "member") shops.set(shop.code, shop);
      else shops.delete(shop.code);
    }
    more = page.more && page.next !== since;
    since = page.next;
  }
  return [...shops.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

function asOwner(command: Command, context: CliContext): Command {
  return withYes(withHub(withSigner(withChain(command, context), context), context));
}

function withKey(command: Command): Command {
  return command.requiredOption("--key <key>", "the shop's public key, as `hanse shop key` shows it");
}
