import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Hex, sha256, zeroAddress, zeroHash } from "viem";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { putContent } from "#src/content/content-client.ts";
import { contentUrl } from "#src/content/content-url.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { ASSET_KINDS, type AssetKind, assetId, assetIdToHex } from "#src/protocol/ids.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseBytes32 } from "./arguments.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface RegisterFlags extends ChainFlags, SignerFlags {
  readonly content?: string;
  readonly uri?: string;
  readonly measurement?: string;
}

/** `hanse app|dataset|pool register <file>`. Done again, it says that it was done. */
export function addRegisterCommand(
  group: Command,
  context: CliContext,
  kind: Exclude<AssetKind, "none">,
  file: string,
): void {
  const command = withSigner(withChain(group.command("register <file>"), context), context)
    .description(`upload ${file}, and register it as yours; done again, it says so and changes nothing`)
    .option("--content <url>", "base URL of the content service that takes it", context.env.HANSE_CONTENT_URL)
    .option("--uri <uri>", "where it is to be found, instead of uploading it");
  if (kind === "app") command.option("--measurement <hash>", "of the app's enclave, where it has one");
  command.action(async (path: string, flags: RegisterFlags) => {
    const bytes = await readFile(context.fromCaller(path)).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === "ENOENT"
        ? invalid(`there is no file ${path}`, "Name the file to register.")
        : fromSystemError(error);
    });
    const checksum = sha256(bytes);
    if (flags.uri === undefined && flags.content === undefined) {
      throw invalid("it is not said where the content goes", "Give --content, or --uri where it is already.");
    }
    const uri = flags.uri ?? contentUrl(flags.content ?? "", checksum);
    const measurement =
      flags.measurement === undefined ? zeroHash : parseBytes32("measurement", flags.measurement);

    const { chain, deployment } = await connectToChain(flags);
    const account = await openSigner(context, flags, chain.chainId);
    const id = assetId({ kind, registrar: account.address, checksum, measurement });
    if (flags.uri === undefined) {
      context.note(`uploading ${bytes.length} bytes`);
      const uploadToken = context.env.HANSE_UPLOAD_TOKEN;
      await putContent(bytes, { target: flags.content ?? "", ...(uploadToken ? { uploadToken } : {}) });
    }
    const onRegistry = { address: deployment.contracts.registry, abi: registryAbi } as const;
    const owner = await chain.viem.readContract({ ...onRegistry, functionName: "ownerOrZero", args: [id] });
    const registered = owner === zeroAddress;
    let transaction: Hex | undefined;
    if (registered) {
      const args = [ASSET_KINDS.indexOf(kind), checksum, measurement, uri];
      const sender = createSender({ chain, account });
      transaction = (await sender.send({ ...onRegistry, functionName: "register", args })).transactionHash;
    } else context.note("it is registered already");
    const known = await createMarketReader(chain, deployment).asset(id);
    if (known.uri !== uri) context.note(`its content was said to be at ${known.uri}`);
    const shown = { id: assetIdToHex(id), kind, owner: known.owner, checksum, uri: known.uri };
    answer(context, flags.json, { ...shown, registered, transaction }, fields(shown));
  });
}
