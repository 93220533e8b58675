import type { Command } from "commander";
import { keccak256, stringToHex, zeroHash } from "viem";
import { ratingsAbi } from "#src/abi/ratings-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { reviewPostSchema } from "#src/client/shop-schema.ts";
import { answer, fields } from "./answer.ts";
import { invalid } from "./arguments.ts";
import { type ChainFlags, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { type GoodsSigner, openGoodsSigner } from "./goods-signer.ts";
import { openShop, type ShopFlag, withShop } from "./shop-connection.ts";
import { type SignerFlags, withSigner } from "./signer.ts";

interface RateFlags extends ChainFlags, SignerFlags, ShopFlag {
  readonly stars: string;
  readonly review?: string;
}

/** `hanse rate`: stars on the chain, the words at the shops. */
export function addRateCommand(program: Command, context: CliContext): void {
  withShop(withSigner(withChain(program.command("rate <deal>"), context), context), context)
    .description(
      "rate the seller of goods that you paid for, once; the review's text goes to the shop, its hash on the chain. Again with the same text it is only sent again",
    )
    .requiredOption("--stars <number>", "1 to 5")
    .option("--review <text>", "what you have to say")
    .action(async (id: string, flags: RateFlags) => {
      const stars = parseStars(flags.stars);
      const text = parseReview(flags.review);
      const hash = text === undefined ? zeroHash : keccak256(stringToHex(text));
      const signer = await openGoodsSigner(context, flags, id);
      const transaction = await rate(signer, stars, hash);
      const kept =
        text === undefined ? undefined : await openShop(flags).review({ deal: signer.goods.id, text });
      const shown = {
        ...{ deal: signer.goods.id, seller: signer.goods.deal.seller, stars },
        ...{ review: kept?.text, transaction },
      };
      answer(context, flags.json, shown, fields(shown));
    });
}

/** @returns the transaction; undefined: it is rated already, and may have to be told to the shop yet */
async function rate(
  { connection, account, goods }: GoodsSigner,
  stars: number,
  hash: `0x${string}`,
): Promise<string | undefined> {
  const { chain, deployment } = connection;
  const { ratings, receipt } = deployment.contracts;
  const onRatings = { address: ratings, abi: ratingsAbi } as const;
  if (hash !== zeroHash) {
    const isRated = await chain.viem.readContract({
      ...{ ...onRatings, functionName: "isRated", args: [receipt, goods.id] },
    });
    if (isRated) return undefined;
  }
  const args = [receipt, goods.deal, stars, hash] as const;
  const sent = await createSender({ chain, account }).send({ ...onRatings, functionName: "rate", args });
  return sent.transactionHash;
}

function parseStars(text: string): number {
  if (/^[1-5]$/.test(text)) return Number(text);
  throw invalid(`${text} is no number of stars`, "Give 1 to 5.");
}

function parseReview(text: string | undefined): string | undefined {
  if (text === undefined || reviewPostSchema.shape.text.safeParse(text).success) return text;
  throw invalid("the review cannot be kept", "Give 1 to 4,000 characters.");
}
