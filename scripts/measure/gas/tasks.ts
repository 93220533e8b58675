import {
  id,
  Signature,
  solidityPackedKeccak256,
  type TransactionReceipt,
  type Typed,
  type TypedDataDomain,
  ZeroHash,
} from "ethers";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import type { Market } from "./market.ts";
import { type BatchOptions, batchOf } from "./orders.ts";

type Certifier = Market["poco"] | Market["jury"];
type SealedDeal = Exclude<Parameters<Market["poco"]["complete"]>[0], Typed>;

type Hex = `0x${string}`;

// `contracts/interfaces/IPoco.sol`.
const CERTIFICATE_TYPED_DATA = {
  EnclaveCertificate: [
    { name: "taskId", type: "bytes32" },
    { name: "worker", type: "address" },
    { name: "enclaveKey", type: "address" },
    { name: "measurement", type: "bytes32" },
    { name: "validUntil", type: "uint64" },
  ],
};
const ENCLAVE_RESULT_TYPED_DATA = {
  EnclaveResult: [
    { name: "taskId", type: "bytes32" },
    { name: "resultHash", type: "bytes32" },
  ],
};

const RESULT: Result = {
  outcome: 0,
  content: id("output") as Hex,
  memoryHash: id("memory") as Hex,
  callbackData: "0x",
};

/** A trust that fresh workers reach in so many places. */
export const trustOf = (places: number) => (places === 1 ? 1 : 2 ** (places - 1) + 1);

/** Seals a batch. @returns the receipt and the first deal */
export async function seal(market: Market, options: BatchOptions) {
  const { chain, clerk, requester } = market;
  const receipt = await chain.send(
    requester,
    clerk.seal.populateTransaction(await batchOf(market, options), true),
  );
  return { receipt, deal: dealOf(market, receipt) };
}

function dealOf({ clerk }: Market, receipt: TransactionReceipt): SealedDeal {
  for (const log of receipt.logs) {
    if (log.topics[0] !== clerk.filters.DealSealed.fragment.topicHash) continue;
    const { deal } = clerk.interface.decodeEventLog(clerk.filters.DealSealed.fragment, log.data, log.topics);
    // A plain copy: what ethers decodes is frozen, and refuses to be encoded again.
    return deal.toObject() as SealedDeal;
  }
  throw new Error("nothing was sealed");
}

/** The one worker of a task of trust 1 has answered. */
export async function complete(market: Market, deal: SealedDeal): Promise<TransactionReceipt> {
  const { chain, poco, poolOwner, workers } = market;
  const [worker] = workers;
  if (worker === undefined) throw new Error("there are no workers");
  return await chain.send(poolOwner, poco.complete.populateTransaction(deal, 0, worker.address, RESULT));
}

/** Whoever the next block draws. */
export async function drawAny(
  { chain, poco }: Market,
  deal: SealedDeal,
  certifier: Certifier = poco,
): Promise<readonly bigint[]> {
  await chain.mine(2);
  return await certifier.drawnSeats(deal, 0, 1);
}

/**
 * Mines the block that draws, late enough that no draw meets another's number. What a draw costs depends on that by some
 * hundred gas, and the hash of a block on all that was ever done on the chain: a row would change with other rows' code.
 * This kind of draw costs most. What remains of the chance is who is drawn: some ten gas, for zeros in the calldata.
 */
export async function drawPlainly(
  { chain, poco }: Market,
  deal: SealedDeal,
  certifier: Certifier = poco,
): Promise<readonly bigint[]> {
  for (let delay = 0; delay < 10_000; delay++) {
    const drawLate = async () => {
      await chain.mine(2, delay);
      return await certifier.drawnSeats(deal, 0, 1);
    };
    const drawn = await chain.apart(drawLate);
    // A number that another draw had moved away is below all that were drawn from their own place.
    if (drawn.every((seat) => seat >= drawn.length)) return await drawLate();
  }
  throw new Error("no plain draw was found: does the pool have enough seats?");
}

/** The drawn workers commit to the result in one transaction. */
export async function commit(market: Market, deal: SealedDeal, drawn: readonly bigint[]) {
  const task = taskOf(deal);
  const digest = roundDigest(1, task, resultHash(RESULT));
  const domain = pocoDomain(market.chain.chainId, market.addresses.poco);
  return await commitDigests(market, market.poco, domain, deal, drawn, () => digest);
}

async function commitDigests(
  { chain, poolOwner, workers }: Market,
  certifier: Certifier,
  domain: TypedDataDomain,
  deal: SealedDeal,
  drawn: readonly bigint[],
  digestOf: (seat: bigint) => string,
) {
  const contributions = [];
  for (const seat of drawn) {
    const worker = workers[Number(seat)];
    if (worker === undefined) throw new Error(`nobody sits in seat ${seat}`);
    const seal = sealOf(worker.address as Hex, digestOf(seat) as Hex);
    const types = { Contribution: [...CONTRIBUTION_TYPED_DATA.Contribution] };
    const content = { taskId: taskOf(deal), round: 1, seal };
    const { r, yParityAndS: vs } = Signature.from(await worker.signTypedData(domain, types, content));
    contributions.push({ seat, seal, r, vs });
  }
  const receipt = await chain.send(poolOwner, certifier.commit.populateTransaction(deal, 0, contributions));
  const [log] = receipt.logs;
  if (log === undefined) throw new Error("nothing was committed");
  const { seals } = certifier.interface.decodeEventLog("SealsCommitted", log.data, log.topics);
  const committed = [...seals].map(({ by, seal }) => ({ by, seal }));
  return { receipt, committed };
}

/** The drawn jurors commit to one answer, each with a salt of its own, and reveal it. */
export async function poll(market: Market, deal: SealedDeal, drawn: readonly bigint[]) {
  const { chain, jury, poolOwner, addresses } = market;
  const answer = id("answer");
  const ballots = drawn.map((seat, position) => ({ position, answer, salt: id(`salt of ${seat}`) }));
  const digestOf = (seat: bigint) =>
    solidityPackedKeccak256(
      ["uint256", "bytes32", "bytes32", "bytes32"],
      [1, taskOf(deal), answer, id(`salt of ${seat}`)],
    );
  const domain = { ...pocoDomain(chain.chainId, addresses.jury), name: "Hanse Jury" };
  const committed = await commitDigests(market, jury, domain, deal, drawn, digestOf);
  const reveal = jury.reveal.populateTransaction(deal, 0, committed.committed, ballots);
  return { ...committed, revealed: await chain.send(poolOwner, reveal) };
}

/** By the answer of all jurors. */
export async function rule({ chain, jury, poolOwner }: Market, deal: SealedDeal, { committed }: Commitment) {
  return await chain.send(poolOwner, jury.rule.populateTransaction(deal, 0, committed));
}

/** An enclave has answered, by an attester's word. */
export async function attest(market: Market, deal: SealedDeal): Promise<TransactionReceipt> {
  const { chain, poco, attester, poolOwner, enclaveApp, workers, addresses } = market;
  const enclave = chain.account("enclave");
  const domain = pocoDomain(chain.chainId, addresses.poco);
  const content = {
    ...{
      worker: workers[0]?.address,
      enclaveKey: enclave.address,
      measurement: enclaveApp.asset.measurement,
    },
    validUntil: 2n ** 40n,
  };
  const signature = await attester.signTypedData(domain, CERTIFICATE_TYPED_DATA, {
    taskId: taskOf(deal),
    ...content,
  });
  const certificate = { attester: attester.address, ...content, signature } as Parameters<
    typeof poco.attest.populateTransaction
  >[3];
  const word = { taskId: taskOf(deal), resultHash: resultHash(RESULT) };
  const enclaveSignature = await enclave.signTypedData(domain, ENCLAVE_RESULT_TYPED_DATA, word);
  return await chain.send(
    poolOwner,
    poco.attest.populateTransaction(deal, 0, enclaveApp.asset, certificate, RESULT, enclaveSignature),
  );
}

function taskOf(deal: SealedDeal): Hex {
  // What ethers decodes differs by type alone: whole numbers are bigints.
  return taskId(deal as unknown as Deal, 0);
}

type Commitment = Awaited<ReturnType<typeof commit>>;

export async function finalize(market: Market, deal: SealedDeal, { committed }: Commitment) {
  const { chain, poco, poolOwner } = market;
  // Seals that match need not be sent, as pools do not.
  const seals = committed.map(({ by }) => ({ by, seal: ZeroHash }));
  return await chain.send(poolOwner, poco.finalize.populateTransaction(deal, 0, seals, RESULT));
}
