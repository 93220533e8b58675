import {
  type Address,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  stringToHex,
  zeroAddress,
  zeroHash,
} from "viem";
import {
  type BlockRef,
  CANCELLED,
  type ClerkAccount,
  type MarketChain,
  type MarketChainEvent,
  type MarketEvent,
  NO_DATASET,
  type RefusedMatch,
  type SealBatch,
  type SealedDeal,
  type SealOutcome,
} from "#src/broker/market-chain.ts";
import { recoverSigner } from "#src/crypto/recover.ts";
import type { HanseError } from "#src/kernel/errors.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { type AssetId, assetKind, dealId } from "#src/protocol/ids.ts";
import { checkMatch, type GroupQuestion } from "#src/protocol/match-rules.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import type { Conditions, Order } from "#src/protocol/orders.ts";
import type { Leg, Refusal } from "#src/protocol/refusals.ts";

interface State {
  accounts: Map<Address, { free: bigint; locked: bigint; epoch: bigint }>;
  owners: Map<AssetId, Address>;
  filled: Map<string, number>;
  certifiers: Set<Address>;
  members: Set<string>;
  contractSignatures: Set<string>;
}

interface Block extends BlockRef {
  readonly timestamp: bigint;
  readonly events: readonly MarketEvent[];
  readonly state: State;
}

/** What went wrong at the next call of `seal`: before the transaction is mined, or after. */
export type Fault = { readonly type: "before" | "after"; readonly error: HanseError };

/** A chain in memory that keeps the Clerk's rules, for tests: blocks are mined when told or by a seal. */
export interface MemoryMarketChain extends MarketChain {
  readonly head: BlockRef;
  /** Everything the batches that were sent held. */
  readonly batches: SealBatch[];
  readonly faults: Fault[];
  /** What the certifier says about a deal, beside the stake of 30 %. */
  admits: (draft: Deal) => Refusal;
  deposit(account: Address, nano: bigint): void;
  withdraw(account: Address, nano: bigint): void;
  raiseEpoch(account: Address, epoch: bigint): void;
  cancel(account: Address, hash: Hex): void;
  transfer(asset: AssetId, to: Address): void;
  registerCertifier(certifier: Address, registered: boolean): void;
  setMember(question: GroupQuestion, member: boolean): void;
  acceptContractSignature(signer: Address, digest: Hex, signature: Hex): void;
  /** Seals as somebody else's transaction. */
  sealElsewhere(batch: SealBatch): SealOutcome;
  mine(): BlockRef;
  /** Forgets the newest blocks; the next ones take their place. */
  rewind(blocks: number): void;
}

export function createMemoryMarketChain(options: {
  readonly chainId: number;
  readonly clerk: Address;
  readonly matcher: Address;
  /** Unix seconds of a new block. */
  readonly now: () => bigint;
}): MemoryMarketChain {
  const { chainId, clerk, matcher, now } = options;
  let state: State = {
    accounts: new Map(),
    owners: new Map(),
    filled: new Map(),
    certifiers: new Set(),
    members: new Set(),
    contractSignatures: new Set(),
  };
  let events: MarketEvent[] = [];
  let forks = 0;
  const blocks: Block[] = [];
  const batches: SealBatch[] = [];
  const faults: Fault[] = [];
  let admits: (draft: Deal) => Refusal = () => "None";
  let grown = Promise.withResolvers<void>();

  const accountOf = (owner: Address) => {
    const key = getAddress(owner);
    const known = state.accounts.get(key) ?? { free: 0n, locked: 0n, epoch: 0n };
    state.accounts.set(key, known);
    return known;
  };
  const filledKey = (signer: Address, hash: Hex) => `${signer}${hash}`.toLowerCase();
  const filledOf = (signer: Address, hash: Hex) => state.filled.get(filledKey(signer, hash)) ?? 0;
  const head = (): Block => blocks.at(-1) as Block;
  const nextNumber = () => BigInt(blocks.length);

  function mine(): BlockRef {
    const number = nextNumber();
    const hash = keccak256(stringToHex(`block ${number} of fork ${forks}`));
    blocks.push({ number, hash, timestamp: now(), events, state: structuredClone(state) });
    events = [];
    grown.resolve();
    grown = Promise.withResolvers();
    return { number, hash };
  }

  function standing(
    signer: Address | undefined,
    hash: Hex,
    { validUntil, epoch, volume, matcher: named, terms }: Conditions,
    signature: Hex,
    sender: Address,
  ): Refusal | undefined {
    if (signer === undefined) return "WrongKind";
    if (now() > validUntil) return "Expired";
    if (epoch !== accountOf(signer).epoch) return "WrongEpoch";
    if (filledOf(signer, hash) >= volume) return "CancelledOrFilled";
    if (named !== zeroAddress && getAddress(named) !== getAddress(sender)) return "NotTheMatcher";
    if (terms !== zeroHash) return "TermsNotMet";
    const digest = orderDigest(hash, chainId, clerk);
    if (recoverSigner(digest, signature) === getAddress(signer)) return undefined;
    return state.contractSignatures.has(`${signer}${digest}${signature}`.toLowerCase())
      ? undefined
      : "BadSignature";
  }

  function sealNow(batch: SealBatch, sender: Address): SealOutcome {
    const sealed: SealedDeal[] = [];
    const refused: RefusedMatch[] = [];
    const block = {
      number: nextNumber(),
      hash: keccak256(stringToHex(`block ${nextNumber()} of fork ${forks}`)),
    };
    const txHash = keccak256(stringToHex(`tx ${batches.length} ${block.number} ${forks}`));
    for (const [index, match] of batch.matches.entries()) {
      const legs = {
        request: { type: "request", ...batch.requests[match.request] } as Order & { signature: Hex },
        app: { type: "app", ...batch.apps[match.app] } as Order & { signature: Hex },
        ...(match.dataset === NO_DATASET
          ? {}
          : { dataset: { type: "dataset", ...batch.datasets[match.dataset] } as Order & { signature: Hex } }),
        pool: { type: "pool", ...batch.pools[match.pool] } as Order & { signature: Hex },
      };
      const outcome = sealOne(legs, block, txHash, sender);
      if ("refusal" in outcome) refused.push({ index, ...outcome });
      else sealed.push(outcome);
    }
    events.push(...sealed.map((deal) => ({ type: "deal-sealed", deal }) as const));
    return { txHash, sealed, refused };
  }

  function sealOne(
    legs: Partial<Record<Leg, Order & { signature: Hex }>>,
    block: BlockRef,
    txHash: Hex,
    sender: Address,
  ): SealedDeal | { leg: Leg; refusal: Refusal } {
    const { request, app, dataset, pool } = legs;
    if (request?.type !== "request" || app?.type !== "app" || pool?.type !== "pool")
      throw new Error("no match");
    const data = dataset?.type === "dataset" ? dataset : undefined;
    const owner = (kind: string, asset: AssetId) =>
      assetKind(asset) === kind ? state.owners.get(asset) : undefined;
    const signers = {
      request: request.order.requester,
      app: owner("app", app.order.app),
      dataset: data && owner("dataset", data.order.dataset),
      pool: owner("pool", pool.order.pool),
    };
    const orders = [
      ["request", request] as const,
      ["app", app] as const,
      ...(data ? [["dataset", data] as const] : []),
      ["pool", pool] as const,
    ];
    for (const [leg, order] of orders) {
      const refusal = standing(
        signers[leg],
        orderHash(order),
        order.order.conditions,
        order.signature,
        sender,
      );
      if (refusal) return { leg, refusal };
    }
    const verdict = checkMatch({
      request: request.order,
      app: app.order,
      dataset: data?.order,
      pool: pool.order,
    });
    if (verdict.type === "refused") return verdict;
    for (const { restriction, subject } of verdict.questions) {
      if (!state.members.has(restriction + subject)) return { leg: "pool", refusal: "Restricted" };
    }
    const { certifier } = request.order.conditions;
    if (!state.certifiers.has(getAddress(certifier)))
      return { leg: "request", refusal: "CertifierNotRegistered" };

    const left = orders.map(([leg, order]) => {
      const { volume } = order.order.conditions;
      return volume - filledOf(signers[leg] as Address, orderHash(order));
    });
    const volume = Math.min(...left);
    for (const [leg, order] of orders) {
      if (volume === 0 || volume < order.order.conditions.minFill) return { leg, refusal: "FillTooSmall" };
    }
    const requestHash = orderHash(request);
    const deal: Deal = {
      requestHash,
      app: request.order.app,
      dataset: request.order.dataset,
      pool: pool.order.pool,
      appOwner: signers.app as Address,
      datasetOwner: signers.dataset ?? zeroAddress,
      poolOwner: signers.pool as Address,
      requester: request.order.requester,
      payer: request.order.requester,
      beneficiary: request.order.beneficiary,
      callback: request.order.callback,
      certifier,
      appPrice: app.order.price,
      datasetPrice: data?.order.price ?? 0n,
      poolPrice: pool.order.price,
      poolStake: (pool.order.price * 30n) / 100n,
      sealedAtBlock: block.number,
      firstTask: filledOf(request.order.requester, requestHash),
      volume,
      trust: request.order.trust,
      category: request.order.category,
      tag: request.order.tag,
      paramsHash: keccak256(request.order.params),
      attesters: request.order.attesters,
      frozen: zeroHash,
    };
    const admitted = admits(deal);
    if (admitted !== "None") return { leg: "pool", refusal: admitted };
    const price = (deal.appPrice + deal.datasetPrice + deal.poolPrice) * BigInt(volume);
    const stake = deal.poolStake * BigInt(volume);
    const payer = accountOf(deal.payer);
    if (price > payer.free) return { leg: "request", refusal: "PayerUnfunded" };
    const poolOwner = accountOf(deal.poolOwner);
    if (stake + (poolOwner === payer ? price : 0n) > poolOwner.free)
      return { leg: "pool", refusal: "PoolUnfunded" };
    payer.free -= price;
    payer.locked += price;
    poolOwner.free -= stake;
    poolOwner.locked += stake;
    for (const [leg, order] of orders) {
      const [signer, hash] = [signers[leg] as Address, orderHash(order)];
      state.filled.set(filledKey(signer, hash), filledOf(signer, hash) + volume);
    }
    return {
      id: dealId(requestHash, deal.firstTask),
      orders: {
        request: requestHash,
        app: orderHash(app),
        ...(data ? { dataset: orderHash(data) } : {}),
        pool: orderHash(pool),
      },
      deal,
      params: request.order.params,
      block,
      txHash,
    };
  }

  mine();
  return {
    chainId,
    clerk,
    matcher,
    batches,
    faults,
    get head() {
      const { number, hash } = head();
      return { number, hash };
    },
    set admits(answer) {
      admits = answer;
    },
    get admits() {
      return admits;
    },
    headNumber: async () => head().number,
    ownerOf: async (asset) => state.owners.get(asset),
    account: async (owner): Promise<ClerkAccount> => {
      const { free, locked, epoch } = accountOf(owner);
      return { freeNano: free, lockedNano: locked, epoch };
    },
    filled: async (signer, hash) => filledOf(signer, hash),
    isCertifier: async (certifier) => state.certifiers.has(getAddress(certifier)),
    isMember: async ({ restriction, subject }) => state.members.has(restriction + subject),
    isValidContractSignature: async (signer, digest, signature) =>
      state.contractSignatures.has(`${signer}${digest}${signature}`.toLowerCase()),
    admit: async ({ poolPrice }) => ({ refusal: "None", poolStakeNano: (poolPrice * 30n) / 100n }),
    async seal(batch) {
      const fault = faults.shift();
      if (fault?.type === "before") throw fault.error;
      batches.push(batch);
      const outcome = sealNow(batch, matcher);
      mine();
      if (fault?.type === "after") throw fault.error;
      return outcome;
    },
    async *events(known, signal) {
      const seen = [...known];
      while (!signal.aborted) {
        const last = seen.at(-1);
        const next = last === undefined ? 0 : Number(last.number) + 1;
        if (last !== undefined && blocks[Number(last.number)]?.hash !== last.hash) {
          while (seen.length > 0 && blocks[Number(seen.at(-1)?.number)]?.hash !== seen.at(-1)?.hash)
            seen.pop();
          const to = seen.at(-1) ?? { number: -1n, hash: zeroHash };
          yield { type: "reorg", to: { number: to.number, hash: to.hash } } satisfies MarketChainEvent;
          continue;
        }
        const block = blocks[next];
        if (block === undefined) {
          const stopped = new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => resolve(), { once: true }),
          );
          await Promise.race([grown.promise, stopped]);
          continue;
        }
        seen.push({ number: block.number, hash: block.hash });
        yield {
          type: "block",
          block: { number: block.number, hash: block.hash },
          timestamp: block.timestamp,
          events: block.events,
        } satisfies MarketChainEvent;
      }
    },
    deposit(account, nano) {
      accountOf(account).free += nano;
      events.push({ type: "account-changed", account: getAddress(account) });
    },
    withdraw(account, nano) {
      accountOf(account).free -= nano;
      events.push({ type: "account-changed", account: getAddress(account) });
    },
    raiseEpoch(account, epoch) {
      accountOf(account).epoch = epoch;
      events.push({ type: "account-changed", account: getAddress(account) });
    },
    cancel(account, hash) {
      state.filled.set(filledKey(account, hash), CANCELLED);
      events.push({
        type: "order-cancelled",
        account: getAddress(account),
        orderHash: hash,
        txHash: numberToHex(1, { size: 32 }),
      });
    },
    transfer(asset, to) {
      state.owners.set(asset, getAddress(to));
      events.push({ type: "asset-transferred", asset, to: getAddress(to) });
    },
    registerCertifier(certifier, registered) {
      if (registered) state.certifiers.add(getAddress(certifier));
      else state.certifiers.delete(getAddress(certifier));
      events.push({ type: "certifier-changed", certifier: getAddress(certifier) });
    },
    setMember({ restriction, subject }, member) {
      if (member) state.members.add(restriction + subject);
      else state.members.delete(restriction + subject);
    },
    acceptContractSignature(signer, digest, signature) {
      state.contractSignatures.add(`${signer}${digest}${signature}`.toLowerCase());
    },
    sealElsewhere: (batch) => sealNow(batch, zeroAddress),
    mine,
    rewind(count) {
      blocks.splice(blocks.length - count);
      state = structuredClone(head().state);
      events = [];
      forks++;
      grown.resolve();
      grown = Promise.withResolvers();
    },
  };
}
