import type { Command } from "commander";
import { type Hex, isAddressEqual, zeroHash } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { createJuryReader, type JuryReader } from "#src/chain/jury-reader.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { ballotSalt } from "#src/client/ballot-salt.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { ballotDigest, RULINGS, winnerOf } from "#src/protocol/ballots.ts";
import { isSealOf, packCommitted, sealOf } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseBytes32 } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirmFinal, withYes, type YesFlag } from "./confirm.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { addJurorSeatCommands } from "./juror-seat-commands.ts";
import {
  type CaseSigner,
  keepDraw,
  type OpenCase,
  openCaseSigner,
  readCase,
  seatDrawn,
} from "./jury-case.ts";
import { type SignerFlags, withSigner } from "./signer.ts";

interface Flags extends ChainFlags, SignerFlags, YesFlag {}

/** `hanse juror`: how people sit in a jury about deals of goods, and rule. */
export function addJurorCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "juror", "sit in a pool of jurors, and rule disputes");
  const command = (signature: string) =>
    withYes(withSigner(withChain(group.command(signature), context), context));
  addJurorSeatCommands(group, context);

  withChain(group.command("question"), context)
    .description(
      "what jurors are asked, by which app, and by what rules: its owner has to keep a free order of it",
    )
    .action(async (flags: ChainFlags) => {
      const { chain, deployment } = await connectToChain(flags);
      const { receipt: address } = deployment.contracts;
      const rules = await chain.viem.readContract({ address, abi: receiptAbi, functionName: "rules" });
      const { owner, uri } = await createMarketReader(chain, deployment).asset(rules.juryApp);
      const { juryTrust: trust, juryMinSeats: minSeats, juryCategory: category } = rules;
      const shown = { app: assetIdToHex(rules.juryApp), owner, uri, category, trust, minSeats };
      const minSeatStake = rules.juryMinSeatStake;
      answer(
        context,
        flags.json,
        { ...shown, minSeatStake },
        fields({ ...shown, "least stake": inHanse(minSeatStake) }),
      );
    });

  withChain(group.command("show <deal>"), context)
    .description("the case about a deal of goods: who is drawn, who has voted, and what was revealed")
    .action(async (text: string, flags: ChainFlags) => {
      const goods = parseBytes32("deal id", text);
      const { chain, deployment } = await connectToChain(flags);
      const reader = createJuryReader(chain, deployment);
      await tell(reader, goods, await readCase(reader, goods), flags);
    });

  command("vote <deal> <winner>")
    .description(
      "vote, where your seat is drawn: for buyer or seller. It is sealed until all have voted; then reveal it, or be fined",
    )
    .action(async (text: string, winner: string, flags: Flags) => {
      if (winner !== "buyer" && winner !== "seller") {
        throw invalid(`${winner} cannot win`, "Give buyer or seller.");
      }
      await inCase(text, flags, async (signer, goods) => {
        const { account, open, reader } = signer;
        const seat = await seatDrawn(reader, open, account.address);
        const question = `The ${winner} is to win ${goods}; a vote stays as it is, and whoever does not vote as most do loses a tenth of the seat's stake. Go on?`;
        await confirmFinal(context, flags, question);
        const { round } = open;
        const digest = ballotDigest(round, open.task, RULINGS[winner], await saltOf(signer, round));
        const seal = sealOf(account.address, digest);
        // Its own transaction is a juror's word: no signature beside it.
        await signer.act("commit", [[{ seat, seal, r: zeroHash, vs: zeroHash }]]);
      });
    });

  command("reveal <deal>")
    .description(
      "show what you voted, once the vote is over; it takes the wallet that voted, and nothing else",
    )
    .action((text: string, flags: Flags) =>
      inCase(text, flags, async (signer) => {
        await signer.act("reveal", [sealsOf(signer), [await ballotOf(signer)]]);
      }),
    );

  command("record <deal>")
    .description(
      "have the chain remember who is drawn, which it forgets within 256 blocks; `dispute summon` and `juror extend` do it; anybody may",
    )
    .action((text: string, flags: Flags) =>
      inCase(text, flags, ({ connection, account, reader, open }) =>
        keepDraw(connection, account, reader, open),
      ),
    );

  command("settle <deal>")
    .description(
      "have the case ruled by what most jurors revealed; anybody may. `hanse dispute enforce` then pays",
    )
    .action((text: string, flags: Flags) =>
      inCase(text, flags, async (signer) => {
        await signer.act("rule", [sealsOf(signer)]);
      }),
    );

  command("extend <deal>")
    .description("have more jurors drawn, where those of before did not agree, or were silent; anybody may")
    .action((text: string, flags: Flags) =>
      inCase(text, flags, async ({ act, connection, account, reader }, goods) => {
        await act("extend");
        await keepDraw(connection, account, reader, await readCase(reader, goods));
      }),
    );

  command("claim <deal>")
    .description(
      "give up on jurors who did not rule by the deadline: who paid for them has it back; anybody may",
    )
    .action((text: string, flags: Flags) =>
      inCase(text, flags, async (signer) => {
        await signer.act("claim", [sealsOf(signer)]);
      }),
    );

  /** Has something done about a case, and tells how it stands then. */
  async function inCase(
    text: string,
    flags: Flags,
    act: (signer: CaseSigner, goods: Hex) => Promise<void>,
  ): Promise<void> {
    const goods = parseBytes32("deal id", text);
    const signer = await openCaseSigner(context, flags, goods);
    await act(signer, goods);
    await tell(signer.reader, goods, await readCase(signer.reader, goods), flags);
  }

  async function tell(reader: JuryReader, goods: Hex, open: OpenCase, { json }: ChainFlags): Promise<void> {
    const { id, deal, index, task, state, round, seals } = open;
    const [head, drawn, revealed] = await Promise.all([
      reader.panel.head(),
      reader.panel.drawn(deal, index, round),
      reader.revealed(open),
    ]);
    const votes = seals.map(({ seat, worker, round: of }, position) => {
      const opened = revealed.find((each) => each.position === position);
      return { seat, juror: worker, round: of, answer: opened && (winnerOf(opened.answer) ?? opened.answer) };
    });
    const { roundBlocks, deadlineBlocks } = frozenTerms(deal);
    const { settled, closed, closesAt: voteUntil } = courseOf(deal, state, head);
    const revealUntil = voteUntil + roundBlocks;
    const deadline = deal.sealedAtBlock + deadlineBlocks;
    const stage = settled ? "settled" : !closed ? "vote" : head <= revealUntil ? "reveal" : "over";
    const shown = { deal: goods, case: id, task, stage, round };
    const until = { block: head, voteUntil, revealUntil, deadline };
    answer(context, json, { ...shown, ...until, drawn: drawn ?? [], votes }, [
      ...fields({ ...shown, drawn: drawn?.join(", ") ?? "by the next block", ...mapped(until) }),
      ...votes.map(
        ({ seat, juror, answer: told }) =>
          `seat ${seat}, ${juror}: ${told === undefined ? "sealed" : `for the ${told}`}`,
      ),
    ]);
  }
}

const mapped = (blocks: Readonly<Record<string, bigint>>) =>
  Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, String(block)]));

const sealsOf = ({ open }: CaseSigner) => open.seals.map(packCommitted);

/** What seals the wallet's vote in a round. */
async function saltOf({ account, connection, open }: CaseSigner, round: number): Promise<Hex> {
  const { chain, deployment } = connection;
  return await ballotSalt(account, { task: open.task, round }, chain.chainId, deployment.contracts.jury);
}

/** Which of the two it was, its seal tells to whoever can make the salt. @throws HANSE_NOT_FOUND */
async function ballotOf(signer: CaseSigner) {
  const { account, open } = signer;
  const position = open.seals.findIndex(({ worker }) => isAddressEqual(worker, account.address));
  const sealed = open.seals[position];
  if (sealed !== undefined) {
    const salt = await saltOf(signer, sealed.round);
    const answer = Object.values(RULINGS).find((each) =>
      isSealOf(sealed, ballotDigest(sealed.round, open.task, each, salt)),
    );
    if (answer !== undefined) return { position, answer, salt };
  }
  throw new HanseError("HANSE_NOT_FOUND", `${account.address} has not voted here by this program`, {
    hint: "Use the wallet that voted: `hanse juror show` tells who has.",
    details: { task: open.task, juror: account.address },
  });
}
