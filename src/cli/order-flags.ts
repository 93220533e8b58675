import type { Command } from "commander";
import { type Hex, stringToHex } from "viem";
import { assetIdToHex } from "#src/protocol/ids.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import { onlyAccount, onlyAsset, onlyMembersOf } from "#src/protocol/restrictions.ts";
import { TAG_BITS } from "#src/protocol/tags.ts";
import { parseAddress, parseAsset, parseBytes32, parseCount, parsePrice, parseTags } from "./arguments.ts";
import type { Draft } from "./order-draft.ts";

/** One flag, and which field of the order it sets. */
interface OrderFlag {
  readonly flag: string;
  readonly doc: string;
  readonly field: string;
  readonly kinds: readonly OrderType[];
  /** The field is one of the conditions. */
  readonly condition?: boolean;
  /** What was typed, in the order's JSON form. */
  readonly parse: (text: string) => unknown;
}

/** Stands for the Jury of the deployment. */
export const JURY = "jury";

const ALL = ["app", "dataset", "pool", "request"] as const;
const SELLERS = ["app", "dataset", "pool"] as const;
const UINT32 = 2 ** 32 - 1;

const price = (text: string) => String(parsePrice(text));
const asset = (text: string) => assetIdToHex(parseAsset(text));
const count = (name: string, most?: number) => (text: string) => parseCount(text, name, most);

/** An account, an asset id, or `group:` and the address of a contract that knows its members. */
function restriction(text: string): Hex {
  if (text.startsWith("group:")) return onlyMembersOf(parseAddress(text.slice("group:".length)));
  return text.length === 42 ? onlyAccount(parseAddress(text)) : onlyAsset(parseAsset(text));
}

/** The jury's address is the deployment's, which is not known yet. */
function certifier(text: string): string {
  return text === JURY ? JURY : parseAddress(text);
}

const FLAGS: readonly OrderFlag[] = [
  { flag: "--app <id>", doc: "the app", field: "app", kinds: ["app", "request"], parse: asset },
  {
    flag: "--dataset <id>",
    doc: "the dataset",
    field: "dataset",
    kinds: ["dataset", "request"],
    parse: asset,
  },
  { flag: "--pool <id>", doc: "the pool", field: "pool", kinds: ["pool"], parse: asset },
  {
    flag: "--price <amount>",
    doc: "HANSE asked for each task",
    field: "price",
    kinds: SELLERS,
    parse: price,
  },
  {
    ...{ flag: "--max-app-price <amount>", doc: "most HANSE for the app, each task" },
    ...{ field: "maxAppPrice", kinds: ["request"], parse: price },
  },
  {
    ...{ flag: "--max-dataset-price <amount>", doc: "most HANSE for the dataset, each task" },
    ...{ field: "maxDatasetPrice", kinds: ["request"], parse: price },
  },
  {
    ...{ flag: "--max-pool-price <amount>", doc: "most HANSE for the pool, each task" },
    ...{ field: "maxPoolPrice", kinds: ["request"], parse: price },
  },
  {
    ...{ flag: "--category <number>", doc: "category of resources", field: "category" },
    ...{ kinds: ["pool", "request"], parse: count("--category", 65_535) },
  },
  {
    ...{ flag: "--trust <number>", doc: "least trust to be used with; of a pool the most it serves" },
    ...{ field: "trust", kinds: ALL, parse: count("--trust", UINT32) },
  },
  {
    ...{
      flag: "--tags <names>",
      doc: `needed of the pool, or offered by it: ${Object.keys(TAG_BITS).join(", ")}`,
    },
    ...{ field: "tag", kinds: ALL, parse: parseTags },
  },
  {
    ...{ flag: "--params <text>", doc: "handed to the app as it is, mostly JSON", field: "params" },
    ...{ kinds: ["request"], parse: stringToHex },
  },
  {
    ...{ flag: "--only-app <id>", doc: "no other app; or group:<contract>", field: "onlyApp" },
    ...{ kinds: ["dataset", "pool", "request"], parse: restriction },
  },
  {
    ...{ flag: "--only-dataset <id>", doc: "no other dataset; or group:<contract>", field: "onlyDataset" },
    ...{ kinds: ["app", "pool", "request"], parse: restriction },
  },
  {
    ...{ flag: "--only-pool <id>", doc: "no other pool; or group:<contract>", field: "onlyPool" },
    ...{ kinds: ["app", "dataset", "request"], parse: restriction },
  },
  {
    ...{
      flag: "--only-requester <address>",
      doc: "nobody else; or group:<contract>",
      field: "onlyRequester",
    },
    ...{ kinds: SELLERS, parse: restriction },
  },
  {
    ...{ flag: "--min-seats <number>", doc: "fewest seats the pool must have", field: "minSeats" },
    ...{ kinds: ["request"], parse: count("--min-seats", UINT32) },
  },
  {
    ...{
      flag: "--min-seat-stake <amount>",
      doc: "least HANSE at stake behind each seat",
      field: "minSeatStake",
    },
    ...{ kinds: ["request"], parse: price },
  },
  {
    ...{ flag: "--beneficiary <address>", doc: "whom the result is for", field: "beneficiary" },
    ...{ kinds: ["request"], parse: parseAddress },
  },
  {
    ...{ flag: "--callback <address>", doc: "contract that is told the result", field: "callback" },
    ...{ kinds: ["request"], parse: parseAddress },
  },
  {
    ...{ flag: "--sponsor <address>", doc: "who pays instead; has to sign too: `hanse sponsor sign`" },
    ...{ field: "sponsor", kinds: ["request"], parse: parseAddress },
  },
  {
    ...{ flag: "--volume <tasks>", doc: "for how many tasks, over all its matches", field: "volume" },
    ...{ kinds: ALL, condition: true, parse: count("--volume", UINT32 - 1) },
  },
  {
    ...{ flag: "--min-fill <tasks>", doc: "fewest tasks one match may take", field: "minFill" },
    ...{ kinds: ALL, condition: true, parse: count("--min-fill", UINT32) },
  },
  {
    ...{
      flag: "--certifier <address>",
      doc: "whose verdict is accepted: `jury`, or an address; default: Poco",
    },
    ...{ field: "certifier", kinds: ALL, condition: true, parse: certifier },
  },
  {
    ...{ flag: "--matcher <address>", doc: "who alone may seal it", field: "matcher" },
    ...{ kinds: ALL, condition: true, parse: parseAddress },
  },
  {
    ...{ flag: "--salt <hash>", doc: "its number: orders of a kind with one salt share one volume" },
    ...{ field: "salt", kinds: ALL, condition: true, parse: (text) => parseBytes32("salt", text) },
  },
  {
    ...{ flag: "--external-ref <hash>", doc: "id of an agreement made elsewhere", field: "externalRef" },
    ...{ kinds: ALL, condition: true, parse: (text) => parseBytes32("reference", text) },
  },
];

const flagsOf = (type: OrderType) => FLAGS.filter(({ kinds }) => kinds.includes(type));

/** Adds a flag for each field that an order of this kind has. */
export function withOrderFlags(command: Command, type: OrderType): Command {
  return flagsOf(type).reduce((all, { flag, doc }) => all.option(flag, doc), command);
}

/** What the flags say, in the order's JSON form. @throws HANSE_ARGUMENT_INVALID */
export function draftOfFlags(type: OrderType, command: Command): Draft {
  const typed = command.opts<Record<string, string | undefined>>();
  const fields = (condition: boolean) =>
    Object.fromEntries(
      flagsOf(type).flatMap(({ flag, field, condition: isCondition = false, parse }) => {
        const text = typed[attributeOf(flag)];
        return text === undefined || isCondition !== condition ? [] : [[field, parse(text)]];
      }),
    );
  return { order: fields(false), conditions: fields(true) };
}

/** `--max-app-price <amount>` → `maxAppPrice`, as commander has it. */
function attributeOf(flag: string): string {
  const name = flag.split(" ", 1)[0]?.slice(2) ?? "";
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
