import type { Command } from "commander";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseAmount, parseAsset } from "./arguments.ts";
import { readAsset } from "./asset-commands.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { addPoolAccountCommand } from "./pool-account-command.ts";
import { addRegisterCommand } from "./register-asset.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface PanelFlags extends ChainFlags {
  readonly jury: boolean;
}

interface OpenFlags extends PanelFlags, SignerFlags, YesFlag {
  readonly seatStake?: string;
  readonly share: string;
  readonly closed: boolean;
}

/** `hanse pool register|open|show|account`: what a pool's owner does. Its scheduler is `hanse pool start`. */
export function addPoolCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "pool", "worker pools");
  addRegisterCommand(group, context, "pool", "the pool's description (any JSON)");

  withYes(withSigner(withChain(group.command("open <id>"), context), context))
    .description("open a pool of yours to terms that never change")
    .option("--seat-stake <amount>", "HANSE that a worker locks for a seat")
    .option("--share <percent>", "the scheduler's share of the pool's price, in percent", "5")
    .option("--closed", "without seats: it serves trust 0 and 1 with workers of your choice", false)
    .option("--jury", "a pool of jurors: who sits in it rules disputes", false)
    .action(async (text: string, flags: OpenFlags) => {
      const id = parseAsset(text);
      const terms = termsOf(flags);
      const connection = await connectToChain(flags);
      const { chain, deployment } = connection;
      await readAsset(connection, id, "pool");
      const account = await openSigner(context, flags, chain.chainId);
      for (const line of termsInWords(terms)) context.note(line);
      await confirm(context, flags, "Open the pool to these terms, for good?");
      await createSender({ chain, account }).send({
        ...{ ...panelOf(deployment, flags), functionName: "openPool", args: [id, terms] },
      });
      await show(context, connection, id, flags);
    });

  withChain(group.command("show <id>"), context)
    .description("a pool's owner, terms and seats")
    .option("--jury", "as a pool of jurors", false)
    .action(async (text: string, flags: PanelFlags) => {
      await show(context, await connectToChain(flags), parseAsset(text), flags);
    });

  addPoolAccountCommand(group, context);
}

interface Terms {
  readonly seatStake: bigint;
  /** In 1/10,000. */
  readonly schedulerShare: number;
  readonly closed: boolean;
}

function termsOf({ seatStake, share, closed }: OpenFlags): Terms {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(share) || Number(share) > 100) {
    throw invalid(`--share ${share} is no percentage`, "Give 0 to 100, with at most two decimals.");
  }
  if (!closed && seatStake === undefined) {
    throw invalid("a pool that is not closed needs --seat-stake", "Give what a worker locks for a seat.");
  }
  return {
    seatStake: seatStake === undefined ? 0n : parseAmount(seatStake),
    schedulerShare: Math.round(Number(share) * 100),
    closed,
  };
}

function termsInWords({ seatStake, schedulerShare, closed }: Terms): string[] {
  return [
    closed
      ? "closed: no seats, trust 0 and 1 only, workers of the owner's choice"
      : `open: anybody may take a seat for a stake of ${inHanse(seatStake)}`,
    `the scheduler's share of the price is ${schedulerShare / 100} %`,
  ];
}

/** Poco and Jury have pools alike. */
function panelOf({ contracts }: ChainConnection["deployment"], { jury }: PanelFlags) {
  return { address: jury ? contracts.jury : contracts.poco, abi: pocoAbi } as const;
}

async function show(context: CliContext, connection: ChainConnection, id: AssetId, flags: PanelFlags) {
  const { chain, deployment } = connection;
  const [asset, pool] = await Promise.all([
    readAsset(connection, id, "pool"),
    chain.viem.readContract({ ...panelOf(deployment, flags), functionName: "pool", args: [id] }),
  ]);
  const { opened, terms, liveSeats, seats } = pool;
  const shown = { pool: assetIdToHex(id), owner: asset.owner, uri: asset.uri };
  answer(context, flags.json, { ...shown, opened, terms: opened ? terms : null, liveSeats, seats }, [
    ...fields(shown),
    ...(opened ? termsInWords(terms) : ["not opened yet: `hanse pool open` opens it"]),
    `${liveSeats} seats are taken, of ${seats} ever given out`,
  ]);
}
