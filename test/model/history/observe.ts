import type { Address, Hex } from "viem";
import { sealsChain } from "#src/protocol/contributions.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import type { Leg } from "../clerk/batch.ts";
import type { Row, Table } from "../journal.ts";
import type { Seat } from "../poco/seats.ts";
import type { TaskBook } from "../poco/tasks.ts";
import { type ContractName, STRANGERS } from "./market-chain.ts";
import type { World } from "./world.ts";

/** One view of a contract, and what the model says it tells, word by word. */
interface Observation {
  readonly what: string;
  readonly to: ContractName;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly words: readonly bigint[];
}

const STATUSES = ["open", "certified", "failed", "claimed"] as const;

/** What differs between the contracts and the model: everything that can be seen, or what was touched and all money. */
export async function differences(world: World, whole: boolean): Promise<string[]> {
  const found: string[] = brokenLaws(world);
  for (const { what, to, method, args, words } of observations(world, whole)) {
    const seen = await world.chain.read(to, method, args);
    const told = words.map((each, i) => (each < 0n ? seen[i] : each));
    if (seen.join() !== told.join()) found.push(`${what}: [${words}] by the model, [${seen}] seen`);
  }
  return found;
}

/** Stands for a word that the model says nothing about. */
const ANY = -1n;

function observations(world: World, whole: boolean): Observation[] {
  return [
    ...ofMoney(world, whole),
    ...ofPools(world, whole),
    ...ofOrders(world, whole),
    ...ofTasks(world, whole),
  ];
}

/** All accounts each time: whoever's money moved by mistake is not among those that the model touched. */
function ofMoney({ law, holders, chain, poco }: World, whole: boolean): Observation[] {
  const { money, token } = law.clerk;
  const bonded = rowsOf(money.bonds, false).map(({ key }) => key);
  const pairs = holders.flatMap((holder) => [poco, STRANGERS.judge].map((certifier) => [holder, certifier]));
  const wallets = whole ? holders : rowsOf(token.wallets, false).map(({ key: [owner] }) => owner);
  return [
    ...holders.map((holder): Observation => {
      const { free, locked, epoch } = money.accounts.get(holder);
      return view(`account of ${holder}`, "clerk", "account", [holder], [free, locked, epoch]);
    }),
    ...[...wallets, chain.till, chain.contracts.clerk].map((owner) =>
      view(`tokens of ${owner}`, "token", "balanceOf", [owner], [token.wallets.get(owner ?? "")]),
    ),
    ...(whole ? pairs : bonded).map((pair) => {
      const { allowance, bonded: amount } = money.bonds.get(...pair);
      return view(`bond of ${pair[0]} with ${pair[1]}`, "clerk", "bondOf", pair, [allowance, amount]);
    }),
  ];
}

function ofPools({ law, assets }: World, whole: boolean): Observation[] {
  const { pools, seats } = law.poco.seats;
  const numbersOf = (id: bigint) => Array.from({ length: pools.get(id).seats + 1 }, (_, number) => number);
  const all = assets.pool.flatMap(({ id }) => numbersOf(id).map((number) => [String(id), String(number)]));
  const touched = rowsOf(seats, false).map(({ key }) => key);
  return [
    ...assets.pool.map(({ id }, i) => {
      const pool = pools.get(id);
      const words = [
        ...[pool.seatStake, BigInt(pool.schedulerShare), BigInt(pool.closed)],
        ...[BigInt(pool.opened), BigInt(pool.seats), BigInt(pool.liveSeats)],
      ];
      return view(`pool ${i}`, "poco", "pool", [id], words);
    }),
    ...(whole ? all : touched).map((key) =>
      view(`seat ${key[1]} of pool ${key[0]}`, "poco", "seat", key, seatWords(seats.get(...key))),
    ),
  ];
}

function seatWords(seat: Seat | undefined): bigint[] {
  if (seat === undefined) return Array<bigint>(8).fill(0n);
  const { worker, enrolledAt, leftAt, convicted, stake, score, misses, earned } = seat;
  return [
    ...[BigInt(worker), enrolledAt, leftAt, BigInt(convicted)],
    ...[stake, BigInt(score), BigInt(misses), earned],
  ];
}

function ofOrders({ law }: World, whole: boolean): Observation[] {
  const { fills, spent, sponsored, deals } = law.clerk;
  const taken = rowsOf(fills.taken, whole);
  const cancelled = rowsOf(fills.cancelled, whole);
  return [
    ...[...taken, ...cancelled].map(({ key }) => {
      const [leg, signer, salt] = key as unknown as [Leg, Address, Hex];
      // Only requests are counted by another name than their salt.
      const words = [BigInt(fills.filled(leg, signer, salt, salt))];
      return view(
        `filled ${leg} ${signer} ${salt}`,
        "clerk",
        "filled",
        [LEGS.indexOf(leg), signer, salt],
        words,
      );
    }),
    ...rowsOf(spent, whole).map(({ key, value }) =>
      view(`spent by ${key[1]} for ${key[0]}`, "clerk", "spentBy", key, [value]),
    ),
    ...rowsOf(sponsored, whole).map(({ key, value }) =>
      view(`sponsored by ${key[0]}`, "clerk", "sponsored", key, [value]),
    ),
    ...rowsOf(deals, whole).flatMap(({ key: [id], value }) => {
      if (value === undefined) return [];
      // What is taken of a request stands in its first deal, and is told by `filled`.
      const words = [BigInt(value.openUnits), value.deal.firstTask === 0 ? ANY : 0n, ANY];
      return [view(`deal ${id}`, "clerk", "dealState", [id], words)];
    }),
  ];
}

function ofTasks({ law }: World, whole: boolean): Observation[] {
  return rowsOf(law.poco.tasks.tasks, whole).map(({ key: [id], value }) =>
    view(`task ${id}`, "poco", "task", [id], taskWords(value)),
  );
}

function taskWords({ status, rounds, seals }: TaskBook): bigint[] {
  const running = rounds.at(-1);
  const drawnBefore = rounds.slice(0, -1).flatMap(({ drawn }) => drawn ?? []);
  const drawn = [...drawnBefore, ...(running?.drawn ?? [])];
  const places = drawn.reduce(
    (bits, seat, place) => (seals.some((each) => each.seat === seat) ? bits | (1n << BigInt(place)) : bits),
    0n,
  );
  const chain = BigInt(sealsChain(seals)) << (8n * 13n);
  // Round 1 counts from the seal, and is not written before somebody commits.
  const round = rounds.length === 0 ? 0 : rounds.length;
  return [
    ...[BigInt(STATUSES.indexOf(status)), BigInt(round), BigInt(drawn.length)],
    ...[BigInt(running?.drawn?.length ?? 0), ANY, ANY, places, chain],
  ];
}

/** What holds at every moment, whatever happened. */
function brokenLaws({ law, chain, poco }: World): string[] {
  const broken: string[] = [];
  const accounts = law.clerk.money.accounts.rows();
  const owed = accounts.reduce((sum, { value: { free, locked } }) => sum + free + locked, 0n);
  if (owed !== law.clerk.token.wallets.get(chain.till)) broken.push("accounts and Till differ");
  const seats = law.poco.seats.seats.rows().flatMap(({ value }) => (value === undefined ? [] : [value]));
  const stakes = seats.reduce((sum, { stake }) => sum + stake, 0n);
  const bonded = law.clerk.money.bonds
    .rows()
    .filter(({ key }) => key[1] === poco)
    .reduce((sum, { value }) => sum + value.bonded, 0n);
  if (stakes !== bonded) broken.push(`stakes of ${stakes}, bonds of ${bonded}`);
  const earned = seats.reduce((sum, seat) => sum + seat.earned, 0n);
  if (law.clerk.money.accounts.get(poco).free < earned) broken.push("earnings are not covered");
  return broken;
}

function rowsOf<V>(table: Table<V>, whole: boolean): Array<Row<V>> {
  const touched = table.touchedRows();
  return whole ? table.rows() : touched;
}

function view(
  what: string,
  to: ContractName,
  method: string,
  args: readonly unknown[],
  words: readonly bigint[],
): Observation {
  return { what, to, method, args, words };
}
