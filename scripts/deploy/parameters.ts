import { readFile } from "node:fs/promises";
import { type Address, getAddress, isAddress, zeroAddress } from "viem";
import { z } from "zod";
import {
  accountOfKey,
  DEVELOPMENT_CHAIN_ID,
  DEVELOPMENT_KEYS,
  developmentKey,
} from "#src/chain/development-keys.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { parseHanse } from "#src/protocol/money.ts";
import { GRACE_BLOCKS, MAX_DEADLINE_BLOCKS, SEED_DELAY } from "#src/protocol/panel-parameters.ts";

const account = z
  .string()
  .refine((text) => isAddress(text) && text !== zeroAddress, "an address is wanted, and not zero")
  .transform((text): Address => getAddress(text));

/** As people write it, in HANSE: parameters are kept in JSON. */
const amount = z.string().refine((text) => parseHanse(text) !== undefined, "an amount of HANSE is wanted");
/** What is not nothing, where the contract demands that. */
const someAmount = amount.refine((text) => parseHanse(text) !== 0n, "an amount above zero is wanted");
const nanoOf = (text: string) => parseHanse(text) as bigint;

const seconds = z.int().nonnegative().max(0xffff_ffff);

/** `HubParameters` of `IHub`. */
const hubSchema = z.strictObject({
  /** What a shop with a code of five characters and more has at stake; shorter ones up to 64 times as much. */
  stake: amount,
  /** How long the stake stays after a shop asked to leave, and how long a lost dispute may be punished, in seconds. */
  unbondingTime: seconds,
  /** The longest time for which a rotated key stays good, in seconds. */
  longestOverlap: seconds,
  /** What a lost dispute costs, in hundredths of a percent of the stake. */
  lossShare: z.int().nonnegative().max(10_000),
  /** The contract that decides who may join; absent: anyone may. */
  admission: account.optional(),
});

/** `DisputeRules` of `IReceipt`, but for the jury itself. They hold for the contract's whole life. */
const receiptSchema = z.strictObject({
  /** How long a seller has to answer a complaint, in seconds. */
  answerTime: seconds.positive(),
  /** How long the arbiter has from then on, in seconds; longer than jurors' deadline. */
  rulingTime: seconds.positive(),
  /** What each side puts up for a dispute, in hundredths of a percent of the price. */
  bondShare: z.int().nonnegative().max(10_000),
  /** The least that each side puts up: a dispute costs whoever loses it. */
  minBond: someAmount,
  /** How jurors are asked: one of `juryCategories` by its number, how many are drawn first, and what is demanded of pools. */
  juryCategory: z.int().nonnegative().max(65_535),
  juryTrust: z.int().min(2).max(0xffff_ffff),
  juryMinSeats: z.int().positive().max(0xffff_ffff),
  juryMinSeatStake: amount,
});

const ratingsSchema = z.strictObject({
  /** The least value of a deal that may be rated. */
  floor: amount,
  /** The most that one buyer's ratings of one seller weigh together. */
  cap: amount,
});

/** @param grace how long a closed round of so many blocks may still be settled, before the next one */
const categoriesOf = (grace: (roundBlocks: number) => number) =>
  z
    .array(
      z
        .strictObject({
          /** How long those who are drawn have to commit, in blocks. */
          roundBlocks: z.int().positive(),
          /** When a task that is not settled may be claimed back, in blocks after its seal. */
          deadlineBlocks: z.int().positive().max(MAX_DEADLINE_BLOCKS),
        })
        .refine(
          ({ roundBlocks, deadlineBlocks }) =>
            Number(SEED_DELAY) + roundBlocks + grace(roundBlocks) <= deadlineBlocks,
          "a round and its grace have to fit the deadline",
        ),
    )
    .min(1)
    .max(65_536);

const parametersSchema = z.strictObject({
  /** Owns the contracts once it has accepted them. */
  governance: account,
  /** Receives the whole supply, and what is fined. */
  treasury: account,
  /** Of Poco, in the order of their numbers, from 0. */
  categories: categoriesOf(() => Number(GRACE_BLOCKS)),
  /** Of the Jury, likewise; the grace is the time to reveal too. */
  juryCategories: categoriesOf((roundBlocks) => roundBlocks + Number(GRACE_BLOCKS)),
  hub: hubSchema,
  receipt: receiptSchema,
  ratings: ratingsSchema,
});

/** What is decided at the start of a market. */
export type MarketParameters = z.output<typeof parametersSchema>;

/** The same as it may be given on a development chain, where the deployer governs and is the treasury. */
export type DeploymentParameters = Partial<MarketParameters>;

export const DEVELOPMENT_PARAMETERS: Omit<MarketParameters, "governance" | "treasury"> = {
  categories: [
    // 0: short tasks, some seconds of computing
    { roundBlocks: 40, deadlineBlocks: 300 },
    // 1: long tasks, some minutes
    { roundBlocks: 1_200, deadlineBlocks: 6_000 },
  ],
  juryCategories: [
    // 0: rulings by programs
    { roundBlocks: 40, deadlineBlocks: 300 },
    // 1: rulings by people
    { roundBlocks: 1_200, deadlineBlocks: 12_000 },
  ],
  // Little enough for anybody to try a shop, and to see it leave.
  hub: { stake: "100", unbondingTime: 300, longestOverlap: 86_400, lossShare: 1_000 },
  receipt: {
    ...{ answerTime: 120, rulingTime: 900, bondShare: 500, minBond: "0.01" },
    ...{ juryCategory: 0, juryTrust: 10, juryMinSeats: 4, juryMinSeatStake: "10" },
  },
  ratings: { floor: "0.01", cap: "1000" },
};

/** As the Hub's constructor takes them. */
export function hubParametersOf({ hub: { admission = zeroAddress, stake, ...rest } }: MarketParameters) {
  return { ...rest, stake: nanoOf(stake), admission };
}

/**
 * As the Receipt's constructor takes them.
 * @param juryApp the asset whose id the rules name
 */
export function disputeRulesOf({ receipt }: MarketParameters, jury: Address, juryApp: bigint) {
  const { minBond, juryMinSeatStake, ...rest } = receipt;
  return { ...rest, minBond: nanoOf(minBond), juryMinSeatStake: nanoOf(juryMinSeatStake), jury, juryApp };
}

/** In nano-HANSE. */
export function ratingBoundsOf({ ratings: { floor, cap } }: MarketParameters) {
  return { floor: nanoOf(floor), cap: nanoOf(cap) };
}

/** What a file of parameters holds. */
const NAMES = [
  "governance",
  "treasury",
  "categories",
  "juryCategories",
  "hub",
  "receipt",
  "ratings",
] as const;
const HELD = `${NAMES.slice(0, -1).join(", ")} and ${NAMES.at(-1)}`;

/** @throws HANSE_CONFIG_INVALID when the file is missing or is not JSON */
export async function readParameters(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new HanseError("HANSE_CONFIG_INVALID", `${path} holds no parameters`, {
      hint: `Name a JSON file with ${HELD}.`,
      details: { path },
      cause,
    });
  }
}

/**
 * Completes parameters by what holds on a development chain, and checks them.
 * @param given from a file, not checked yet; absent: none
 * @throws HANSE_CONFIG_INVALID when something is missing, wrong or unknown, or names a development account on a chain
 * that is none
 */
export function resolveParameters(given: unknown, chainId: number, deployer: Address): MarketParameters {
  const isDevelopment = chainId === DEVELOPMENT_CHAIN_ID;
  const defaults = { governance: deployer, treasury: deployer, ...DEVELOPMENT_PARAMETERS };
  if (given === undefined && !isDevelopment) {
    throw new HanseError(
      "HANSE_CONFIG_INVALID",
      `chain ${chainId} is no development chain: it needs parameters`,
      {
        hint: `Name a file with --parameters; it holds ${HELD}.`,
        details: { chainId },
      },
    );
  }
  const { data, error } = parametersSchema.safeParse(
    isDevelopment && isRecord(given ?? {}) ? { ...defaults, ...(given ?? {}) } : given,
  );
  if (error) {
    const problems = error.issues.map(({ path, message }) => `${path.join(".") || "all"}: ${message}`);
    throw new HanseError("HANSE_CONFIG_INVALID", `the parameters do not hold: ${problems.join("; ")}`, {
      hint: "Correct the file of parameters.",
      details: { problems },
    });
  }
  const known = [data.governance, data.treasury].find(isDevelopmentAccount);
  if (!isDevelopment && known !== undefined) {
    throw new HanseError("HANSE_CONFIG_INVALID", `everybody has the key of ${known}, a development account`, {
      hint: "Name accounts whose keys nobody else has.",
      details: { account: known, chainId },
    });
  }
  return data;
}

/** @returns the first parameter that differs, in words */
export function findChange(standing: MarketParameters, wanted: MarketParameters): string | undefined {
  for (const name of NAMES) {
    const [before, now] = [JSON.stringify(standing[name]), JSON.stringify(wanted[name])];
    if (before !== now) return `${name} was ${before} and is ${now} in the file`;
  }
  return undefined;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDevelopmentAccount(address: Address): boolean {
  return Array.from({ length: DEVELOPMENT_KEYS }, (_, index) => developmentKey(index)).some(
    (key) => accountOfKey(key, DEVELOPMENT_CHAIN_ID).address === address,
  );
}
