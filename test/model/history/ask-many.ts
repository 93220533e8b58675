import { type Address, concatHex, type Hex, numberToHex, padHex, size } from "viem";

/**
 * A program that asks one contract after the other and returns what they say. Calldata, again and again: address, length,
 * data. Returned, for each: length of the answer (0 where it reverted), answer. On the stack: `in`, `out`, the places in
 * calldata and memory that it has come to.
 */
export const READER_CODE: Hex = concatHex([
  "0x60006000", // in = 0, out = 0
  "0x5b36821015604357", // 0x04: to 0x43 unless in < calldatasize
  "0x8160200135", // len = calldata[in + 32]
  "0x80836040018360200137", // memory[out + 32] = calldata[in + 64], len bytes
  "0x6000600082846020018635", // nothing to be returned into memory; len, out + 32, address
  "0x5afa", // ok = staticcall
  "0x3d028252", // memory[out] = ok * returndatasize
  "0x3d6000836020013e", // memory[out + 32] = what was returned
  "0x82016040019150", // in += len + 64
  "0x3d01602001", // out += returndatasize + 32
  "0x600456", // again
  "0x5b6000f3", // 0x43: the end: return memory[0], out bytes
] as Hex[]);

export interface Asked {
  readonly to: Address;
  readonly data: Hex;
}

/** So that the gas of a call is enough. */
const AT_ONCE = 200;

/** @param call asks the reader. Throws where one of the contracts reverts. @returns each answer in words */
export async function askMany(
  questions: readonly Asked[],
  call: (data: Hex) => Promise<Hex>,
): Promise<bigint[][]> {
  const answers: bigint[][] = [];
  for (let from = 0; from < questions.length; from += AT_ONCE) {
    const some = questions.slice(from, from + AT_ONCE);
    answers.push(...answersIn(await call(concatHex(some.map(encode))), some));
  }
  return answers;
}

function encode({ to, data }: Asked): Hex {
  return concatHex([padHex(to, { size: 32 }), numberToHex(size(data), { size: 32 }), data]);
}

function answersIn(returned: Hex, questions: readonly Asked[]): bigint[][] {
  const all: bigint[] = [];
  for (let at = 2; at < returned.length; at += 64) all.push(BigInt(`0x${returned.slice(at, at + 64)}`));
  let at = 0;
  return questions.map(({ to, data }) => {
    const words = Number(all[at++] ?? 0n) / 32;
    if (words === 0) throw new Error(`${to} does not answer ${data}`);
    at += words;
    return all.slice(at - words, at);
  });
}
