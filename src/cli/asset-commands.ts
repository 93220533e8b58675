import type { Command } from "commander";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AssetId, type AssetKind, assetIdToHex } from "#src/protocol/ids.ts";
import { answer, fields } from "./answer.ts";
import { parseAsset } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { addRegisterCommand } from "./register-asset.ts";

/** `hanse app` and `hanse dataset`: what is sold beside computing. */
export function addAssetCommands(program: Command, context: CliContext): void {
  const kinds = [
    ["app", "programs for sale", "a WASI program"],
    ["dataset", "data for sale", "a dataset"],
  ] as const;
  for (const [kind, description, file] of kinds) {
    const group = commandGroup(program, kind, description);
    addRegisterCommand(group, context, kind, file);
    withChain(group.command("show <id>"), context)
      .description("who owns it, and where its content is said to be")
      .action(async (text: string, flags: ChainFlags) => {
        const asset = await readAsset(await connectToChain(flags), parseAsset(text), kind);
        answer(context, flags.json, asset, fields(asset));
      });
  }
}

/** @throws HANSE_NOT_FOUND where it is of another kind, HANSE_ORDER_ASSET_UNKNOWN */
export async function readAsset({ chain, deployment }: ChainConnection, id: AssetId, kind: AssetKind) {
  const asset = await createMarketReader(chain, deployment).asset(id);
  if (asset.kind === kind) return { ...asset, id: assetIdToHex(id) };
  throw new HanseError("HANSE_NOT_FOUND", `${assetIdToHex(id)} is no ${kind}, but ${asset.kind}`, {
    hint: `Look at it with \`hanse ${asset.kind} show\`.`,
  });
}
