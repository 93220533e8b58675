import { type Address, type Hex, isAddressEqual, type LocalAccount, type TransactionReceipt } from "viem";
import { juryAbi } from "#src/abi/jury-abi.ts";
import { createJuryReader, type JuryCase, type JuryReader } from "#src/chain/jury-reader.ts";
import { createPocoCalls } from "#src/chain/poco-calls.ts";
import type { PocoReader } from "#src/chain/poco-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Committed } from "#src/protocol/contributions.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import type { TaskState } from "#src/protocol/task-course.ts";
import { type ChainConnection, type ChainFlags, connectToChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openSigner, type SignerFlags } from "./signer.ts";

/** How often (milliseconds) the next block is looked for. */
const BLOCK_MS = 250;

/** A case before the Jury, as it stands. */
export interface OpenCase extends JuryCase {
  readonly state: TaskState;
  /** The running round: the first runs by itself from the seal on. */
  readonly round: number;
  /** Everything committed, in order. */
  readonly seals: readonly Committed[];
}

/** Somebody's wallet, before a case. */
export interface CaseSigner {
  readonly connection: ChainConnection;
  readonly reader: JuryReader;
  readonly account: LocalAccount;
  readonly open: OpenCase;
  /** Has the Jury do something about the case. */
  act(functionName: string, args?: readonly unknown[]): Promise<TransactionReceipt>;
}

/**
 * What jurors are asked about a deal of goods, read now.
 * @throws HANSE_NOT_FOUND where nobody was summoned, or the request is not sealed yet
 */
export async function readCase(reader: JuryReader, goods: Hex): Promise<OpenCase> {
  const found = await reader.find(goods);
  if (found === undefined) {
    const request = await reader.summoned(goods);
    throw new HanseError("HANSE_NOT_FOUND", `no jurors were asked about ${goods}`, {
      hint:
        request === undefined
          ? "`hanse dispute summon` has them asked, once both sides have said what they have to say."
          : `They were summoned, and nobody has sealed it: \`hanse order show ${request}\` tells why.`,
      details: { deal: goods, ...(request === undefined ? {} : { request }) },
    });
  }
  const state = await reader.panel.task(found.task, found.deal);
  const seals = await reader.panel.committed(found.task, found.deal, state);
  return { ...found, state, round: Math.max(state.round, 1), seals };
}

/** @throws as `readCase`, and what `openSigner` throws */
export async function openCaseSigner(
  context: CliContext,
  flags: ChainFlags & SignerFlags,
  goods: Hex,
): Promise<CaseSigner> {
  const connection = await connectToChain(flags);
  const { chain, deployment } = connection;
  const reader = createJuryReader(chain, deployment);
  const open = await readCase(reader, goods);
  const account = await openSigner(context, flags, chain.chainId);
  return {
    ...{ connection, reader, account, open },
    act: (functionName, args = []) =>
      createSender({ chain, account }).send({
        ...{ address: deployment.contracts.jury, abi: juryAbi, functionName },
        args: [open.deal, open.index, ...args],
      }),
  };
}

/** @throws HANSE_NOT_FOUND where the account has no seat now */
export async function seatIn(panel: PocoReader, pool: AssetId, juror: Address): Promise<number> {
  const seat = await panel.seatOf(pool, juror);
  if (seat !== undefined) return seat;
  throw new HanseError("HANSE_NOT_FOUND", `${juror} has no seat in the pool of jurors`, {
    hint: "Use the wallet that sits there, or take a seat: `hanse juror enrol`.",
    details: { pool: assetIdToHex(pool), juror },
  });
}

/**
 * Every seat that may hold something of the juror's, those it has left too.
 * @throws HANSE_NOT_FOUND where there is none
 */
export async function seatsKeptIn(
  panel: PocoReader,
  pool: AssetId,
  juror: Address,
): Promise<readonly [number, ...number[]]> {
  const [first, ...more] = await panel.seatsKept(pool, juror);
  return first === undefined ? [await seatIn(panel, pool, juror)] : [first, ...more];
}

/**
 * The seat that is drawn, also where its juror has left it since: who does not vote is fined all the same.
 * @throws HANSE_NOT_FOUND where the account has none, drawn or not
 */
export async function seatDrawn(
  { panel }: JuryReader,
  { deal, index, round }: OpenCase,
  juror: Address,
): Promise<number> {
  for (const number of (await panel.drawn(deal, index, round)) ?? []) {
    if (isAddressEqual((await panel.seat(deal.pool, number)).worker, juror)) return number;
  }
  return await seatIn(panel, deal.pool, juror);
}

/**
 * Has the chain remember who is drawn, which it forgets within 256 blocks: people take longer. Waits for the next block, where
 * that says it. Again changes nothing.
 */
export async function keepDraw(
  { chain, deployment }: ChainConnection,
  account: LocalAccount,
  { panel }: JuryReader,
  { state: { seedBlock } }: OpenCase,
): Promise<void> {
  while ((await panel.head()) <= seedBlock) await systemClock.sleep(BLOCK_MS);
  await createSender({ chain, account }).send(createPocoCalls(deployment).recordSeed(seedBlock));
}
