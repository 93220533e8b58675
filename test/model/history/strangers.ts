import { type Address, concatHex, type Hex, numberToHex, padHex } from "viem";
import { READER_CODE } from "./ask-many.ts";

/** Accounts with code of their own, written in EVM words. */
export const STRANGERS = {
  /** Says the word 1 to any question: a group of everybody, terms that are always met, a token that does nothing. */
  yes: "0x00000000000000000000000000000000000a0001",
  /** Takes any signature for its own (ERC-1271). */
  wallet: "0x00000000000000000000000000000000000a0002",
  /** A certifier that takes any deal, for a stake of `JUDGE_STAKE`; what it does else is the history's to say. */
  judge: "0x00000000000000000000000000000000000a0003",
  /** Asks other contracts many things in one call. */
  reader: "0x00000000000000000000000000000000000a0004",
} as const;
export const JUDGE_STAKE = 7n;

const word = (value: bigint | Hex) => (typeof value === "bigint" ? numberToHex(value, { size: 32 }) : value);
/** PUSH32 value, PUSH1 at, MSTORE for each; then RETURN. */
const answering = (...words: Array<bigint | Hex>) =>
  concatHex([
    ...words.flatMap((each, i): Hex[] => [
      "0x7f",
      word(each),
      "0x60",
      numberToHex(32 * i, { size: 1 }),
      "0x52",
    ]),
    ...(["0x60", numberToHex(32 * words.length, { size: 1 }), "0x6000f3"] as Hex[]),
  ]);

export const STRANGE_CODES: ReadonlyArray<{ readonly address: Address; readonly code: Hex }> = [
  { address: STRANGERS.yes, code: answering(1n) },
  { address: STRANGERS.wallet, code: answering(padHex("0x1626ba7e", { dir: "right", size: 32 })) },
  { address: STRANGERS.judge, code: answering(0n, JUDGE_STAKE, 0n) },
  { address: STRANGERS.reader, code: READER_CODE },
];
