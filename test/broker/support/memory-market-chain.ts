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
  type Signing,
  type Statement,
} from "#src/broker/market-chain.ts";
import { isSignedByOwnKey } from "#src/broker/signing.ts";
import { sponsorOf } from "#src/broker/sponsoring.ts";
import { recoverSigner } from "#src/crypto/recover.ts";
import type { HanseError } from "#src/kernel/errors.ts";
import { unwrapBulk } from "#src/protocol/bulk-order.ts";
import { type Deal, idOfDeal } from "#src/protocol/deals.ts";
import { type AssetId, assetKind, requestId } from "#src/protocol/ids.ts";
import { checkMatch, type GroupQuestion } from "#src/protocol/match-rules.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import { payerOf, type SignedOrder, type Terms } from "#src/protocol/orders.ts";
import { POWER_OF_ORDER, POWERS } from "#src/protocol/powers.ts";
import type { Leg, Refusal } from "#src/protocol/refusals.ts";
import { sponsorshipHash } from "#src/protocol/sponsorship.ts";
import { termsHash } from "#src/protocol/terms.ts";

interface State {
  accounts: Map<Address, { free: bigint; locked: bigint; epoch: bigint }>;
  owners: Map<AssetId, Address>;
  filled: Map<string, number>;
  certifiers: Set<Address>;
  members: Set<string>;
  contractSignatures: Set<string>;
  operators: Map<string, Operator>;
  presigned: Set<string>;
  spent: Map<string, bigint>;
  sponsored: Map<string, bigint>;
}

/** What an account lets a key do. */
export interface Operator {
  readonly powers: number;
  readonly limit: bigint;
  readonly validUntil: bigint;
}

type Legs = Readonly<Partial<Record<Leg, SignedOrder>>>;

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
  /** What terms contracts say about a deal. */
  accepts: (terms: Terms, draft: Deal) => boolean;
  deposit(account: Address, nano: bigint): void;
  withdraw(account: Address, nano: bigint): void;
  raiseEpoch(account: Address, epoch: bigint): void;
  cancel(account: Address, leg: Leg, salt: Hex): void;
  transfer(asset: AssetId, to: Address): void;
  registerCertifier(certifier: Address, registered: boolean): void;
  setMember(question: GroupQuestion, member: boolean): void;
  /** A contract takes a signature for its own, or no longer; no event tells. */
  acceptContractSignature(signer: Address, digest: Hex, signature: Hex, accepted?: boolean): void;
  setOperator(account: Address, key: Address, operator: Operator): void;
  presign(account: Address, digest: Hex, signed: boolean): void;
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
    operators: new Map(),
    presigned: new Set(),
    spent: new Map(),
    sponsored: new Map(),
  };
  let events: MarketEvent[] = [];
  let forks = 0;
  const blocks: Block[] = [];
  const batches: SealBatch[] = [];
  const faults: Fault[] = [];
  let admits: (draft: Deal) => Refusal = () => "None";
  let accepts: (terms: Terms, draft: Deal) => boolean = () => false;
  let grown = Promise.withResolvers<void>();
  const outcomes = new Map<string, SealOutcome>();

  const accountOf = (owner: Address) => {
    const key = getAddress(owner);
    const known = state.accounts.get(key) ?? { free: 0n, locked: 0n, epoch: 0n };
    state.accounts.set(key, known);
    return known;
  };
  const keyOf = (...parts: (string | undefined)[]) => parts.join(" ").toLowerCase();
  const filledOf = (leg: Leg, signer: Address, salt: Hex) => state.filled.get(keyOf(leg, signer, salt)) ?? 0;
  const nothing: Operator = { powers: 0, limit: 0n, validUntil: 0n };
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

  function keyringCheck({ account, kind, ...said }: Statement): Signing {
    const power = kind === "sponsorship" ? POWERS.SPONSORSHIP : POWER_OF_ORDER[kind];
    const { hash, signature } = kind === "sponsorship" ? said : unwrapBulk(kind, said.hash, said.signature);
    const digest = orderDigest(hash, chainId, clerk);
    if (signature === "0x" && state.presigned.has(keyOf(account, digest))) return { type: "keyring" };
    const key = recoverSigner(digest, signature);
    if (key === getAddress(account)) return { type: "keyring" };
    const operator = state.operators.get(keyOf(account, key)) ?? nothing;
    if (key !== undefined && (operator.powers & power) !== 0 && now() <= operator.validUntil) {
      return { type: "keyring", operator: { key, limitNano: operator.limit } };
    }
    return state.contractSignatures.has(keyOf(account, digest, signature))
      ? { type: "keyring" }
      : { type: "nobody" };
  }

  function signingOf(statement: Statement): Signing {
    return isSignedByOwnKey({ chainId, clerk }, statement) ? { type: "key" } : keyringCheck(statement);
  }

  function standing(
    leg: Leg,
    signer: Address | undefined,
    signed: SignedOrder,
    sender: Address,
  ): Refusal | undefined {
    const { validUntil, epoch, volume, matcher: named, salt } = signed.order.conditions;
    if (signer === undefined) return "WrongKind";
    if (now() > validUntil) return "Expired";
    if (epoch !== accountOf(signer).epoch) return "WrongEpoch";
    if (filledOf(leg, signer, salt) >= volume) return "CancelledOrFilled";
    if (named !== zeroAddress && getAddress(named) !== getAddress(sender)) return "NotTheMatcher";
    const hash = orderHash(signed);
    const { signature } = signed;
    if (signingOf({ account: signer, kind: leg, hash, signature }).type === "nobody") return "BadSignature";
    const sponsor = sponsorOf(signed);
    if (sponsor === undefined) return undefined;
    const { sponsorship } = signed;
    if (sponsorship === undefined || now() > sponsorship.validUntil) return "SponsorNotSigned";
    if (sponsorship.epoch !== accountOf(sponsor).epoch) return "SponsorNotSigned";
    return sponsorSigning(signed)?.type === "nobody" ? "SponsorNotSigned" : undefined;
  }

  function sponsorSigning(signed: SignedOrder): Signing | undefined {
    const [sponsor, { sponsorship }] = [sponsorOf(signed), signed];
    if (sponsor === undefined || sponsorship === undefined) return undefined;
    const hash = sponsorshipHash(orderHash(signed), sponsorship);
    return signingOf({ account: sponsor, kind: "sponsorship", hash, signature: sponsorship.signature });
  }

  /** Whether whoever signed may lock so much more. */
  function maySpend(signing: Signing | undefined, owner: Address, amount: bigint): boolean {
    if (signing?.type !== "keyring" || signing.operator === undefined) return true;
    const { key, limitNano } = signing.operator;
    return (state.spent.get(keyOf(owner, key)) ?? 0n) + amount <= limitNano;
  }

  function countSpent(signing: Signing | undefined, owner: Address, amount: bigint): void {
    if (signing?.type !== "keyring" || signing.operator === undefined) return;
    const key = keyOf(owner, signing.operator.key);
    state.spent.set(key, (state.spent.get(key) ?? 0n) + amount);
  }

  function legsOf(batch: SealBatch, match: SealBatch["matches"][number]): Legs {
    const request = batch.requests[match.request];
    const sponsored = batch.requests.filter(({ order }) => order.sponsor !== zeroAddress);
    // By their places, as the Clerk finds them: an order's own attachments count for nothing here.
    const sponsorship = request && batch.sponsorships[sponsored.indexOf(request)];
    const broughtTerms = (order: { conditions: { terms: Hex } } | undefined) =>
      batch.terms.find((terms) => termsHash(terms) === order?.conditions.terms);
    const leg = (type: Leg, signed: { order: object; signature: Hex } | undefined) =>
      ({
        type,
        order: signed?.order,
        signature: signed?.signature,
        terms: broughtTerms(signed?.order as never),
        ...(type === "request" ? { sponsorship } : {}),
      }) as SignedOrder;
    return {
      request: leg("request", request),
      app: leg("app", batch.apps[match.app]),
      ...(match.dataset === NO_DATASET ? {} : { dataset: leg("dataset", batch.datasets[match.dataset]) }),
      pool: leg("pool", batch.pools[match.pool]),
    };
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
      const legs = legsOf(batch, match);
      const outcome = sealOne(legs, block, txHash, sender);
      if ("refusal" in outcome) refused.push({ index, ...outcome });
      else sealed.push(outcome);
    }
    events.push(...sealed.map((deal) => ({ type: "deal-sealed", deal }) as const));
    return { txHash, sealed, refused };
  }

  function sealOne(
    legs: Legs,
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
      const refusal = standing(leg, signers[leg], order, sender);
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
      const { volume, salt } = order.order.conditions;
      return volume - filledOf(leg, signers[leg] as Address, salt);
    });
    const volume = Math.min(...left);
    for (const [leg, order] of orders) {
      if (volume === 0 || volume < order.order.conditions.minFill) return { leg, refusal: "FillTooSmall" };
    }
    const { requester, conditions } = request.order;
    const requestHash = orderHash(request);
    const deal: Deal = {
      requestId: requestId(requester, conditions.salt),
      app: request.order.app,
      dataset: request.order.dataset,
      pool: pool.order.pool,
      appOwner: signers.app as Address,
      datasetOwner: signers.dataset ?? zeroAddress,
      poolOwner: signers.pool as Address,
      requester,
      payer: payerOf(request.order),
      beneficiary: request.order.beneficiary,
      callback: request.order.callback,
      certifier,
      appPrice: app.order.price,
      datasetPrice: data?.order.price ?? 0n,
      poolPrice: pool.order.price,
      poolStake: (pool.order.price * 30n) / 100n,
      sealedAtBlock: block.number,
      firstTask: filledOf("request", requester, conditions.salt),
      volume,
      trust: request.order.trust,
      category: request.order.category,
      tag: request.order.tag,
      paramsHash: keccak256(request.order.params),
      attesters: request.order.attesters,
      frozen: zeroHash,
    };
    for (const [leg, { order, terms }] of orders) {
      if (order.conditions.terms === zeroHash) continue;
      if (terms === undefined || !accepts(terms, deal)) return { leg, refusal: "TermsNotMet" };
    }
    const admitted = admits(deal);
    if (admitted !== "None") return { leg: "pool", refusal: admitted };
    const price = (deal.appPrice + deal.datasetPrice + deal.poolPrice) * BigInt(volume);
    const stake = deal.poolStake * BigInt(volume);
    const payer = accountOf(deal.payer);
    if (price > payer.free) return { leg: "request", refusal: "PayerUnfunded" };
    const { type: kind, order: asked, signature } = request;
    const buyerSigning =
      sponsorSigning(request) ?? signingOf({ account: asked.requester, kind, hash: requestHash, signature });
    if (!maySpend(buyerSigning, deal.payer, price)) return { leg: "request", refusal: "OperatorLimit" };
    const paidBefore = state.sponsored.get(keyOf(deal.payer, requestHash)) ?? 0n;
    if (request.sponsorship !== undefined && paidBefore + price > request.sponsorship.cap)
      return { leg: "request", refusal: "SponsorCapTooLow" };
    const poolOwner = accountOf(deal.poolOwner);
    if (stake + (poolOwner === payer ? price : 0n) > poolOwner.free)
      return { leg: "pool", refusal: "PoolUnfunded" };
    const poolSigning = signingOf({
      account: deal.poolOwner,
      kind: "pool",
      hash: orderHash(pool),
      signature: pool.signature,
    });
    if (!maySpend(poolSigning, deal.poolOwner, stake)) return { leg: "pool", refusal: "OperatorLimit" };
    countSpent(buyerSigning, deal.payer, price);
    countSpent(poolSigning, deal.poolOwner, stake);
    state.sponsored.set(keyOf(deal.payer, requestHash), paidBefore + price);
    payer.free -= price;
    payer.locked += price;
    poolOwner.free -= stake;
    poolOwner.locked += stake;
    for (const [leg, order] of orders) {
      const [signer, { salt }] = [signers[leg] as Address, order.order.conditions];
      state.filled.set(keyOf(leg, signer, salt), filledOf(leg, signer, salt) + volume);
    }
    return {
      id: idOfDeal(deal),
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
    genesisHash: zeroHash,
    get told() {
      return this;
    },
    clerk,
    matcher,
    batches,
    faults,
    get head() {
      const { number, hash } = head();
      return { number, hash };
    },
    set accepts(answer) {
      accepts = answer;
    },
    get accepts() {
      return accepts;
    },
    set admits(answer) {
      admits = answer;
    },
    get admits() {
      return admits;
    },
    headNumber: async () => head().number,
    toldNumber: async () => head().number,
    ownerOf: async (asset) => state.owners.get(asset),
    account: async (owner): Promise<ClerkAccount> => {
      const { free, locked, epoch } = accountOf(owner);
      return { freeNano: free, lockedNano: locked, epoch };
    },
    filled: async (leg, signer, salt) => filledOf(leg, signer, salt),
    isCertifier: async (certifier) => state.certifiers.has(getAddress(certifier)),
    isMember: async ({ restriction, subject }) => state.members.has(restriction + subject),
    keyringCheck: async (statement) => keyringCheck(statement),
    spentNano: async (owner, key) => state.spent.get(keyOf(owner, key)) ?? 0n,
    sponsoredNano: async (sponsor, hash) => state.sponsored.get(keyOf(sponsor, hash)) ?? 0n,
    admit: async ({ poolPrice }) => ({ refusal: "None", poolStakeNano: (poolPrice * 30n) / 100n }),
    async preview(batch) {
      return batch.matches.map((match) => {
        const before = structuredClone(state);
        const outcome = sealOne(legsOf(batch, match), head(), zeroHash, matcher);
        state = before;
        return "refusal" in outcome ? outcome : { leg: "request", refusal: "None" };
      });
    },
    async seal(batch, name) {
      const fault = faults.shift();
      if (fault?.type === "before") throw fault.error;
      batches.push(batch);
      const outcome = sealNow(batch, matcher);
      outcomes.set(name, outcome);
      mine();
      if (fault?.type === "after") throw fault.error;
      return outcome;
    },
    sealed: async (name) => outcomes.get(name),
    tend: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
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
    cancel(account, leg, salt) {
      state.filled.set(keyOf(leg, account, salt), CANCELLED);
      const txHash = numberToHex(1, { size: 32 });
      events.push({ type: "order-cancelled", account: getAddress(account), leg, salt, txHash });
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
    acceptContractSignature(signer, digest, signature, accepted = true) {
      const key = keyOf(signer, digest, signature);
      if (accepted) state.contractSignatures.add(key);
      else state.contractSignatures.delete(key);
    },
    setOperator(account, key, operator) {
      state.operators.set(keyOf(account, key), operator);
      events.push({ type: "account-changed", account: getAddress(account) });
    },
    presign(account, digest, signed) {
      if (signed) state.presigned.add(keyOf(account, digest));
      else state.presigned.delete(keyOf(account, digest));
      events.push({ type: "account-changed", account: getAddress(account) });
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
