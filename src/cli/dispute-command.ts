import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Hex, isAddressEqual, isHex, keccak256, stringToHex, zeroHash } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { readGoodsDeal, type SealedGoods } from "#src/chain/goods-reader.ts";
import { createJuryReader } from "#src/chain/jury-reader.ts";
import { createTaskWatcher } from "#src/chain/task-watcher.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { signSplit } from "#src/client/sign-goods-order.ts";
import { signSponsorship } from "#src/client/sign-order.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { COMPLAINTS, goodsDealHash, priceOfAll } from "#src/protocol/goods-deals.ts";
import { OUTCOME } from "#src/protocol/goods-orders.ts";
import { inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { invalid, kebab, parseAmount, parseBytes32, parseDuration, parsePrice } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, confirmFinal, withYes, type YesFlag } from "./confirm.ts";
import {
  type ChainConnection,
  type ChainFlags,
  connectToChain,
  withBroker,
  withChain,
} from "./connection.ts";
import type { CliContext } from "./context.ts";
import { fundingFor } from "./funding.ts";
import { type GoodsSigner, openGoodsSigner } from "./goods-signer.ts";
import { goodsShown, goodsWords } from "./goods-words.ts";
import { keepDraw, readCase } from "./jury-case.ts";
import { juryRequest } from "./jury-request.ts";
import { epochOf } from "./order-signature.ts";
import { type SignerFlags, withSigner } from "./signer.ts";

interface Flags extends ChainFlags, SignerFlags, YesFlag {}

interface EvidenceFlags extends Flags {
  readonly evidence?: string;
  readonly evidenceFile?: string;
}

interface SplitFlags extends Flags {
  readonly signature?: string;
}

interface SummonFlags extends Flags {
  readonly broker: string;
  readonly publish: boolean;
  readonly maxPrice: string;
  readonly validFor: string;
}

/** For how long (milliseconds) a broker is waited for. */
const SEALED_MS = 60_000;

/** `hanse dispute`: what buyer, seller and arbiter do about goods that are not as agreed, on the Receipt itself. */
export function addDisputeCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "dispute", "complain about goods, answer, agree, rule");
  const command = (signature: string) =>
    withYes(withSigner(withChain(group.command(signature), context), context));

  withEvidence(command("open <deal>"))
    .description("complain about what you bought: you put up a bond, and lose it if you are wrong")
    .requiredOption("--complaint <reason>", COMPLAINTS.map(kebab).join(" or "))
    .action(async (id: string, flags: EvidenceFlags & { readonly complaint: string }) => {
      const complaint = COMPLAINTS.findIndex((each) => kebab(each) === flags.complaint);
      if (complaint < 0) {
        throw invalid(
          `${flags.complaint} is no reason to complain`,
          `Give ${COMPLAINTS.map(kebab).join(" or ")}.`,
        );
      }
      const evidence = await evidenceOf(flags);
      await putUp(await openGoodsSigner(context, flags, id), flags, "dispute", [complaint, evidence]);
    });

  withEvidence(command("contest <deal>"))
    .description("answer that a complaint is wrong: you put up as much, and somebody has to rule")
    .action(async (id: string, flags: EvidenceFlags) => {
      const evidence = await evidenceOf(flags);
      await putUp(await openGoodsSigner(context, flags, id), flags, "contest", [evidence]);
    });

  command("split <deal> <to-buyer>")
    .description(
      "agree that the buyer gets so much of the price back, and the seller the rest: sign it, or with the other side's signature have it done",
    )
    .option("--signature <hex>", "what the other side signed; without it yours is shown, for the other side")
    .action(async (id: string, text: string, flags: SplitFlags) => {
      const toBuyer = parsePrice(text);
      const { signature } = flags;
      if (signature !== undefined && !isHex(signature)) {
        throw invalid(`${signature} is no signature`, "A signature is 0x and hex digits.");
      }
      const signer = await openGoodsSigner(context, flags, id);
      const side = sideOf(signer);
      const { deal } = signer.goods;
      const words = `${deal.buyer} gets ${inHanse(toBuyer)} of ${inHanse(priceOfAll(deal))} back, ${deal.seller} the rest`;
      if (signature === undefined) {
        await confirmFinal(
          context,
          flags,
          `${words}; what you sign stays good until the deal ends. Sign it?`,
        );
        const { chain, deployment } = signer.connection;
        const hash = goodsDealHash(deal);
        const signed = await signSplit(
          signer.account,
          { deal: hash, toBuyer },
          chain.chainId,
          deployment.contracts.receipt,
        );
        const shown = { deal: signer.goods.id, side, toBuyer, signature: signed };
        return answer(context, flags.json, shown, [signed]);
      }
      await confirm(context, flags, `${words}. Go on?`);
      await signer.act("split", [toBuyer, ...(side === "buyer" ? ["0x", signature] : [signature, "0x"])]);
      await tell(signer.connection, await signer.again(), flags);
    });

  command("rule <deal> <winner>")
    .description("rule as the deal's arbiter: buyer or seller gets the price, and the loser's bond")
    .action(async (id: string, winner: string, flags: Flags) => {
      if (winner !== "buyer" && winner !== "seller") {
        throw invalid(`${winner} cannot win`, "Give buyer or seller.");
      }
      const signer = await openGoodsSigner(context, flags, id);
      const { deal } = signer.goods;
      await confirmFinal(
        context,
        flags,
        `${deal[winner]} gets ${inHanse(priceOfAll(deal))}, for good. Go on?`,
      );
      await signer.act("rule", [OUTCOME[winner === "buyer" ? "Buyer" : "Seller"]]);
      await tell(signer.connection, await signer.again(), flags);
    });

  withBroker(command("summon <deal>"), context)
    .description(
      "have the jurors of the deal's pool asked: the Receipt signs the request, which you sponsor; its terms follow from the deal",
    )
    .requiredOption("--max-price <amount>", "most HANSE that the pool is paid")
    .option("--valid-for <time>", "how long the request may be sealed, such as 1h", "1h")
    .option("--no-publish", "only have it signed; nobody seals it before it is published, and sponsored")
    .action(async (id: string, flags: SummonFlags) => {
      const maxPrice = parseAmount(flags.maxPrice);
      const validFor = parseDuration(flags.validFor);
      const signer = await openGoodsSigner(context, flags, id);
      const { timestamp } = await signer.connection.chain.viem.getBlock();
      const validUntil = timestamp + validFor;
      const { logs } = await signer.act("summon", [maxPrice, validUntil]);
      const [summoned] = decodeEvents({ abi: receiptAbi, logs, eventName: "JurySummoned" });
      const { unit, requestHash, sponsor } = summoned?.args ?? {};
      const published =
        flags.publish && requestHash !== undefined
          ? await publishRequest(signer, flags.broker, maxPrice, validUntil, requestHash)
          : undefined;
      const shown = { deal: signer.goods.id, unit, request: requestHash, sponsor, maxPrice, published };
      answer(context, flags.json, shown, fields({ ...shown, maxPrice: inHanse(maxPrice) }));
    });

  command("enforce <deal>")
    .description("end a dispute by what stands: a jury's ruling, no answer in time, or no ruling in time")
    .action(async (id: string, flags: Flags) => {
      const signer = await openGoodsSigner(context, flags, id);
      await signer.act("enforce");
      await tell(signer.connection, await signer.again(), flags);
    });

  withChain(group.command("show <deal>"), context)
    .description("where a deal of goods stands, what of it is disputed, and until when who may do what")
    .action(async (text: string, flags: ChainFlags) => {
      const connection = await connectToChain(flags);
      const id = parseBytes32("deal id", text);
      await tell(connection, await readGoodsDeal(connection.chain, connection.deployment, id), flags);
    });

  /** Hands the request that the Receipt signed to a broker, with the word that its sponsor pays. */
  async function publishRequest(
    { connection, account, goods }: GoodsSigner,
    baseUrl: string,
    maxPoolPrice: bigint,
    validUntil: bigint,
    hash: Hex,
  ): Promise<string> {
    const { chain, deployment } = connection;
    const meantFor = { chainId: chain.chainId, clerk: deployment.contracts.clerk };
    const sponsor = account.address;
    const order = await juryRequest(connection, goods, { sponsor, maxPoolPrice, validUntil }, hash);
    const word = { cap: maxPoolPrice, validUntil, epoch: await epochOf(connection, sponsor) };
    const sponsorship = await signSponsorship(account, order, word, meantFor.chainId, meantFor.clerk);
    const { status } = await createBrokerClient({ baseUrl }).publish({ ...order, sponsorship }, meantFor);
    const reader = createJuryReader(chain, deployment);
    const sealed = () => readCase(reader, goods.id).catch(ignoreMissing);
    const open = await createTaskWatcher(connection)
      .waitFor("having the request sealed", sealed, SEALED_MS)
      .catch((error: unknown) => {
        if (!isHanseError(error, "HANSE_TIMED_OUT")) throw error;
        context.note(`not sealed yet: once it is, \`hanse juror record ${goods.id}\` keeps who is drawn`);
        return undefined;
      });
    if (open === undefined) return status;
    await keepDraw(connection, account, reader, open);
    return "sealed";
  }

  /** Does what takes a bond, after what that takes. */
  async function putUp(
    signer: GoodsSigner,
    flags: Flags,
    functionName: "dispute" | "contest",
    args: readonly unknown[],
  ): Promise<void> {
    const { connection, account, goods } = signer;
    const bond = await connection.chain.viem.readContract({
      ...{ address: connection.deployment.contracts.receipt, abi: receiptAbi },
      ...{ functionName: "disputeBond", args: [goods.deal] },
    });
    // An operator acts for its account, whose money that is: the account funds it itself.
    const party = functionName === "dispute" ? goods.deal.buyer : goods.deal.seller;
    const own = isAddressEqual(party, account.address);
    const steps = own ? await fundingFor(connection, party, bond) : [];
    const words = [...steps.map((step) => step.words), `put up ${inHanse(bond)}, which the loser pays`];
    await confirm(context, flags, `To ${functionName}: ${words.join(", then ")}. Go on?`);
    await signer.act(functionName, args, steps);
    await tell(connection, await signer.again(), flags);
  }

  async function tell(connection: ChainConnection, goods: SealedGoods, { json }: ChainFlags): Promise<void> {
    answer(context, json, goodsShown(goods), await goodsWords(connection, goods));
  }

  function withEvidence(to: Command): Command {
    return to
      .option("--evidence <text>", "what speaks for you; the chain has its hash, so keep the text")
      .option("--evidence-file <file>", "the same, from a file", context.fromCaller);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isHanseError(error, "HANSE_NOT_FOUND")) throw error;
}

/** The hash of what speaks for somebody; zero: nothing is told. */
async function evidenceOf({ evidence, evidenceFile }: EvidenceFlags): Promise<Hex> {
  if (evidence !== undefined) return keccak256(stringToHex(evidence));
  if (evidenceFile === undefined) return zeroHash;
  const bytes = await readFile(evidenceFile).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new HanseError("HANSE_NOT_FOUND", `there is no file ${evidenceFile}`, {
          hint: "Name the evidence's file.",
        })
      : fromSystemError(error);
  });
  return keccak256(new Uint8Array(bytes));
}

function sideOf({ account, goods: { deal } }: GoodsSigner): "buyer" | "seller" {
  if (isAddressEqual(deal.buyer, account.address)) return "buyer";
  if (isAddressEqual(deal.seller, account.address)) return "seller";
  throw invalid(`${account.address} is neither buyer nor seller`, "Use the wallet of one of them.");
}
