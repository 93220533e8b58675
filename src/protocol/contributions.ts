import {
  type Address,
  concatHex,
  encodeAbiParameters,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  padHex,
  sliceHex,
  type TypedDataDomain,
  zeroHash,
} from "viem";

/** What was computed; `Result` in `IPoco`. */
export interface Result {
  /** 0: success; else why the task cannot succeed, see `OUTCOMES`. */
  readonly outcome: number;
  /** SHA-256 of the output, its address in the content store. */
  readonly content: Hex;
  /** SHA-256 over the length (8 bytes, big endian) and the bytes of the program's final memory. */
  readonly memoryHash: Hex;
  readonly callbackData: Hex;
}

/** A sealed answer on chain; what `Committed` in `IPanel` packs. */
export interface Committed {
  readonly seat: number;
  readonly round: number;
  readonly worker: Address;
  readonly seal: Hex;
}

/** `R`: what a worker found, as one hash. */
export function resultHash(result: Result): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
      [result.outcome, result.content, result.memoryHash, keccak256(result.callbackData)],
    ),
  );
}

/** `D_r`: the result as round `round` discloses it; tells the next round nothing it could copy. */
export function roundDigest(round: number, task: Hex, resultHashOfIt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }],
      [round, task, resultHashOfIt],
    ),
  );
}

/** A worker's seal: it commits to the digest, and is worth nothing in another's hand. */
export function sealOf(worker: Address, digest: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [worker, digest]));
}

/** Whether a seal is its worker's word for a digest. */
export function isSealOf({ worker, seal }: Pick<Committed, "worker" | "seal">, digest: Hex): boolean {
  return seal === sealOf(worker, digest);
}

/** `Committed` as calldata and events have it. */
export interface PackedCommitted {
  /** From the lowest bit: worker 160 bits, seat 32, round 8; `Committer` in `IPanel`. */
  readonly by: Hex;
  readonly seal: Hex;
}

export function packCommitted({ worker, seat, round, seal }: Committed): PackedCommitted {
  const parts = concatHex([numberToHex(round, { size: 1 }), numberToHex(seat, { size: 4 }), worker]);
  return { by: padHex(parts, { size: 32 }).toLowerCase() as Hex, seal };
}

export function unpackCommitted({ by, seal }: PackedCommitted): Committed {
  return {
    worker: getAddress(sliceHex(by, 12)),
    seat: Number(sliceHex(by, 8, 12)),
    round: Number(sliceHex(by, 7, 8)),
    seal,
  };
}

/**
 * What `finalize` is brought: a seal that matches the result can be told from worker, round and result, and is sent as
 * zero, which costs less gas.
 */
export function packForFinalize(
  committed: readonly Committed[],
  { task, result }: { readonly task: Hex; readonly result: Result },
): PackedCommitted[] {
  const hash = resultHash(result);
  return committed.map((each) => {
    const packed = packCommitted(each);
    return isSealOf(each, roundDigest(each.round, task, hash)) ? { ...packed, seal: zeroHash } : packed;
  });
}

/**
 * What a worker got for a task, and its seat's score from then on: 0 where nobody was drawn (`complete`, `attest`), since that
 * worker is paid in its account, and a seat that it may have keeps its score.
 */
export interface Reward {
  readonly worker: Address;
  readonly amountNano: bigint;
  readonly score: number;
}

/** From the lowest bit: worker 160 bits, amount 64, score 32; `Reward` in `IPanel`. */
export function unpackReward(word: Hex): Reward {
  return {
    worker: getAddress(sliceHex(word, 12)),
    amountNano: BigInt(sliceHex(word, 4, 12)),
    score: Number(sliceHex(word, 0, 4)),
  };
}

/** `Task.seals` of everything committed, in order: 19 bytes of `keccak256(abi.encode(previous, by, seal))`, link by link. */
export function sealsChain(committed: readonly Committed[]): Hex {
  const last = committed.reduce<Hex>((previous, each) => {
    const { by, seal } = packCommitted(each);
    return padHex(sliceHex(keccak256(concatHex([previous, by, seal])), 0, 19), { size: 32, dir: "right" });
  }, zeroHash);
  return sliceHex(last, 0, 19);
}

/** What a worker signs for the scheduler to commit. */
export const CONTRIBUTION_TYPED_DATA = {
  Contribution: [
    { name: "taskId", type: "bytes32" },
    { name: "round", type: "uint8" },
    { name: "seal", type: "bytes32" },
  ],
} as const;

export function pocoDomain(chainId: number, poco: Address) {
  return { name: "Hanse Poco", version: "1", chainId, verifyingContract: poco } satisfies TypedDataDomain;
}
