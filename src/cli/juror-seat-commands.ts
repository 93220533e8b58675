import type { Command } from "commander";
import { juryAbi } from "#src/abi/jury-abi.ts";
import { createPocoReader } from "#src/chain/poco-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { parseAsset, parseCount } from "./arguments.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { fundingFor } from "./funding.ts";
import { seatIn, seatsKeptIn } from "./jury-case.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface Flags extends ChainFlags, SignerFlags, YesFlag {}

/** Adds `hanse juror enrol|collect|leave|release`: a juror's seat, from its stake to its release. */
export function addJurorSeatCommands(group: Command, context: CliContext): void {
  const command = (signature: string) =>
    withYes(withSigner(withChain(group.command(signature), context), context));

  command("enrol <pool>")
    .description("take a seat in a pool of jurors, for the stake that it asks")
    .action(async (text: string, flags: Flags) => {
      const pool = parseAsset(text);
      const { connection, account, panel, send } = await open(flags);
      const { terms } = await panel.pool(pool);
      const steps = await fundingFor(connection, account.address, terms.seatStake, "jury");
      const words = [...steps.map((step) => step.words), `stake ${inHanse(terms.seatStake)} for a seat`];
      await confirm(context, flags, `To sit in ${text}: ${words.join(", then ")}. Go on?`);
      for (const { call } of steps) await createSender({ chain: connection.chain, account }).send(call);
      await send("enrol", [pool]);
      await tell(connection, pool, await seatIn(panel, pool, account.address), flags);
    });

  command("collect <pool>")
    .description("have what your seat has earned paid into your account, also after you left it")
    .action(async (text: string, flags: Flags) => {
      const pool = parseAsset(text);
      const { connection, account, panel, send } = await open(flags);
      const seats = await seatsKeptIn(panel, pool, account.address);
      await send("collect", [pool, seats]);
      await tell(connection, pool, seats.at(-1) ?? seats[0], flags);
    });

  command("leave <pool>")
    .description(
      "be drawn no more; cases that you are drawn for already stay yours, and the stake stays for a time",
    )
    .action(async (text: string, flags: Flags) => {
      const pool = parseAsset(text);
      const { connection, account, panel, send } = await open(flags);
      const seat = await seatIn(panel, pool, account.address);
      await confirm(context, flags, `Leave seat ${seat} of ${text}?`);
      await send("leave", [pool, seat]);
      await tell(connection, pool, seat, flags);
    });

  command("release <pool> <seat>")
    .description("have the stake of a seat that was left set free, once its time is over")
    .action(async (text: string, number: string, flags: Flags) => {
      const pool = parseAsset(text);
      const seat = parseCount(number, "seat");
      const { send } = await open(flags);
      await send("release", [pool, seat]);
      const shown = { pool: assetIdToHex(pool), seat, released: true };
      answer(context, flags.json, shown, [`seat ${seat} of ${shown.pool} is released`]);
    });

  async function open(flags: Flags) {
    const connection = await connectToChain(flags);
    const { chain, deployment } = connection;
    const account = await openSigner(context, flags, chain.chainId);
    const { jury } = deployment.contracts;
    return {
      ...{ connection, account, panel: createPocoReader(chain, deployment, jury) },
      send: (functionName: string, args: readonly unknown[]) =>
        createSender({ chain, account }).send({ address: jury, abi: juryAbi, functionName, args }),
    };
  }

  async function tell(
    { chain, deployment }: ChainConnection,
    pool: AssetId,
    number: number,
    { json }: ChainFlags,
  ): Promise<void> {
    const panel = createPocoReader(chain, deployment, deployment.contracts.jury);
    const { worker, earned, leftAt, convicted } = await panel.seat(pool, number);
    const shown = { pool: assetIdToHex(pool), seat: number, juror: worker };
    answer(context, json, { ...shown, earned, leftAt, convicted }, [
      ...fields({ ...shown, earned: inHanse(earned) }),
      ...(leftAt === 0 ? [] : [`left at block ${leftAt}`]),
    ]);
  }
}
