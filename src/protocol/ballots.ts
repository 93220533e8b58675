import {
  type Address,
  encodeAbiParameters,
  type Hex,
  keccak256,
  numberToHex,
  type TypedDataDomain,
} from "viem";

/** What jurors answer about a deal of goods; as `Summons` in `contracts/certifiers/receipt` reads it. */
export const RULINGS = {
  seller: numberToHex(1, { size: 32 }),
  buyer: numberToHex(2, { size: 32 }),
} as const;
type Winner = keyof typeof RULINGS;

/** Who an answer is for; undefined: it is no ruling. */
export function winnerOf(answer: Hex): Winner | undefined {
  return (Object.keys(RULINGS) as Winner[]).find((winner) => RULINGS[winner] === answer);
}

/** What a juror's seal is made of, with its address; as `IJury` has it. */
export function ballotDigest(round: number, task: Hex, answer: Hex, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
      [round, task, answer, salt],
    ),
  );
}

/** What a juror signs to have a salt that its key alone can make. */
export const BALLOT_TYPED_DATA = {
  Ballot: [
    { name: "taskId", type: "bytes32" },
    { name: "round", type: "uint8" },
  ],
} as const;

export function juryDomain(chainId: number, jury: Address) {
  return { name: "Hanse Jury", version: "1", chainId, verifyingContract: jury } satisfies TypedDataDomain;
}
