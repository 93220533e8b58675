import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { zeroAddress } from "viem";
import { orderToJson } from "#src/client/order-schema.ts";
import { signSponsorship } from "#src/client/sign-order.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { answer } from "./answer.ts";
import { invalid, parseAmount, parseDuration } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { orderFileText, readOrderFile } from "./order-file.ts";
import { epochOf } from "./order-signature.ts";
import { orderInWords } from "./order-words.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";
import { timeWords } from "./time-words.ts";

interface SponsorFlags extends ChainFlags, SignerFlags, YesFlag {
  readonly cap: string;
  readonly validFor: string;
  readonly output?: string;
}

/** `hanse sponsor sign`: pays for somebody else's request. */
export function addSponsorCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "sponsor", "pay for other people's requests");
  withYes(withSigner(withChain(group.command("sign <request>"), context), context))
    .description("sign that you pay for a signed request that names you; the answer is to be published")
    .requiredOption("--cap <amount>", "the most HANSE you pay for it, over all its deals")
    .option("--valid-for <time>", "how long, such as 12h or 30d", "7d")
    .option(
      "--output <file>",
      "where the request with your word goes; default: standard output",
      context.fromCaller,
    )
    .action(async (path: string, flags: SponsorFlags) => {
      const cap = parseAmount(flags.cap);
      const validFor = parseDuration(flags.validFor);
      const order = await readOrderFile(context, path);
      if (order.type !== "request" || order.order.sponsor === zeroAddress) {
        throw invalid(
          "this is no request that names a sponsor",
          "Have it signed with --sponsor <your address>.",
        );
      }
      const { sponsor } = order.order;
      const { chain, deployment } = await connectToChain(flags);
      const { timestamp } = await chain.viem.getBlock();
      const epoch = await epochOf({ chain, deployment }, sponsor);
      const word = { cap, validUntil: timestamp + validFor, epoch };
      context.note(`${sponsor} pays for this request:`);
      for (const line of orderInWords(order)) context.note(`  ${line}`);
      context.note(`  and at most ${formatHanse(cap)} HANSE, until ${timeWords(word.validUntil)}`);
      await confirm(context, flags, "Sign it?");
      const signer = await openSigner(context, flags, chain.chainId);
      if (signer.address !== sponsor)
        context.note(`signed by ${signer.address}, as an operator of the sponsor`);
      const { clerk } = deployment.contracts;
      const sponsorship = await signSponsorship(signer, order, word, chain.chainId, clerk);
      const sponsored = { ...order, sponsorship };
      const text = orderFileText(sponsored);
      if (flags.output !== undefined) {
        await writeFile(flags.output, text).catch((error: unknown) => {
          throw fromSystemError(error);
        });
      }
      const shown = { request: orderHash(order), sponsor, ...word, output: flags.output };
      answer(
        context,
        flags.json,
        { ...shown, order: orderToJson(sponsored) },
        flags.output === undefined ? [text.trimEnd()] : [shown.request],
      );
    });
}
