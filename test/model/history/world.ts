import type { Address, Hex } from "viem";
import { type Asset, assetId } from "#src/protocol/ids.ts";
import type { Admission, CertifierModel } from "../clerk/clerk-model.ts";
import { LawModel } from "../law-model.ts";
import type { Moment } from "../moment.ts";
import type { Rules } from "../rules.ts";
import type { Actor, MarketChain } from "./market-chain.ts";
import { Random } from "./random.ts";
import { Signing } from "./signing.ts";
import { JUDGE_STAKE, STRANGERS } from "./strangers.ts";

export const HANSE = 10n ** 9n;
export const ACTOR_COUNT = 20;
/** How far back a contract sees the hashes of blocks. */
const HASHES = 256n;
export const ZERO_WORD: Hex = `0x${"00".repeat(32)}`;

const ASSET_KIND = { app: 1, dataset: 2, pool: 3 } as const;

/** What every enclave of these histories runs. */
export const MEASUREMENT: Hex = `0x${"e5".repeat(32)}`;

/** An asset of the market, and what was said to register it. */
export interface MarketAsset extends Asset {
  readonly id: bigint;
}

/** The certifiers that ask a panel. */
export type PanelName = "poco" | "jury";
export const PANELS: readonly PanelName[] = ["poco", "jury"];

/** What a juror sealed, and will be asked for. */
export interface SealedAnswer {
  readonly answer: Hex;
  readonly salt: Hex;
}

/** What kind of a history it is: each seed has another, so that rare things come together in some of them. */
export interface Temper {
  /** How many of a hundred answers are wrong, where a task is disputed. */
  readonly liars: number;
  /** How many of a hundred drawn workers stay away from a commit. */
  readonly absent: number;
  /** How many of a thousand members of orders are odd. */
  readonly odd: number;
  /** How much is traded, and how much of it is worked off, by weight. */
  readonly trade: number;
  readonly work: number;
  /** How many of a hundred steps of a task are out of its course. */
  readonly strayed: number;
  /** How many of a hundred deals are for a jury, and of requests for an enclave's app, to be attested. */
  readonly disputes: number;
  readonly enclaves: number;
  /** How many of a hundred pools ask next to nothing: less than a stake's tenth. */
  readonly cheap: number;
}

export interface WorldOptions {
  readonly seed: number;
  /** Others than the law's, to see that they are noticed. */
  readonly rules?: Rules | undefined;
  /** What of the history's temper is not left to chance. */
  readonly temper?: Partial<Temper> | undefined;
}

/** Certifies whatever it is asked to, for a small stake; its verdicts are the history's. */
const judge: CertifierModel = {
  admit: (): Admission => ({ refusal: "None", poolStake: JUDGE_STAKE, frozen: ZERO_WORD }),
};

/** Everything that choices are made from: who there is, what is sold, and the law as it stands. */
export class World {
  readonly random: Random;
  readonly law: LawModel;
  readonly chain: MarketChain;
  readonly signing: Signing;
  readonly addresses: readonly Address[];
  readonly governance: Address;
  readonly requesters: readonly Address[];
  readonly workers: readonly Address[];
  readonly owners: readonly Address[];
  readonly operators: readonly Address[];
  readonly assets: Readonly<Record<Asset["kind"], readonly MarketAsset[]>>;
  readonly temper: Temper;
  /** What jurors know of their own seals. */
  readonly sealedAnswers = new Map<Hex, SealedAnswer>();
  /** The last block that was looked at. */
  head = { block: -1n, time: 0n };
  readonly #hashes = new Map<bigint, Hex>();

  constructor(chain: MarketChain, { seed, rules, temper }: WorldOptions) {
    const { actors, contracts, governance, treasury, till } = chain;
    this.chain = chain;
    this.random = new Random(seed);
    this.temper = {
      liars: this.random.pick([0, 4, 12, 12, 30]),
      absent: this.random.pick([0, 2, 8, 30]),
      odd: this.random.pick([0, 8, 20, 50]),
      trade: this.random.pick([80, 150, 300]),
      work: this.random.pick([400, 900, 1_800]),
      strayed: this.random.pick([1, 5, 20]),
      disputes: this.random.pick([10, 30, 60]),
      enclaves: this.random.pick([10, 40, 80]),
      cheap: 0,
      ...temper,
    };
    const foreign = {
      wallets: new Set<Address>([STRANGERS.wallet]),
      yes: new Set<Address>([STRANGERS.yes]),
    };
    const { clerk, poco, jury } = contracts;
    this.law = new LawModel({ governance, treasury, places: { clerk, till, poco, jury }, foreign }, rules);
    this.law.clerk.certifiers.set(STRANGERS.judge, judge);
    const keys = new Map(actors.map(({ address, privateKey }) => [address, privateKey]));
    this.signing = new Signing(keys, chain.chainId, contracts);
    this.addresses = actors.map(({ address }) => address);
    this.governance = governance;
    const range = (from: number, to: number) => this.addresses.slice(from, to);
    // The wallet contract requests like anybody else.
    this.requesters = [...range(2, 5), STRANGERS.wallet];
    this.owners = range(5, 9);
    // Owners of pools and requesters have seats too.
    this.workers = range(4, 18);
    this.operators = range(18, 20);
    const make = (kind: Asset["kind"], owner: number, n: number, measurement = ZERO_WORD): MarketAsset => {
      const registrar = (actors[owner] as Actor).address;
      const checksum: Hex = `0x${(ASSET_KIND[kind] * 16 + n).toString(16).padStart(64, "0")}`;
      const asset = { kind, registrar, checksum, measurement };
      return { ...asset, id: assetId(asset) };
    };
    this.assets = {
      app: [make("app", 5, 1), make("app", 6, 2, MEASUREMENT)],
      dataset: [make("dataset", 6, 1), make("dataset", 8, 2)],
      pool: [make("pool", 7, 1), make("pool", 8, 2), make("pool", 7, 3), make("pool", 8, 4)],
    };
  }

  /** The block that the next transaction will be in, if nothing else happens. */
  get now(): Moment {
    const { block, time } = this.head;
    return { block: block + 1n, time: time + 1n, hashOf: this.hashOf };
  }

  /** Of the last 256 blocks. */
  readonly hashOf = (block: bigint): Hex => {
    const hash = this.#hashes.get(block);
    if (hash === undefined) throw new Error(`the hash of block ${block} was not kept`);
    return hash;
  };

  /** Takes notice of new blocks. */
  async arrive(): Promise<void> {
    const head = await this.chain.head();
    const oldest = head.block - HASHES;
    const from = oldest > this.head.block ? oldest : this.head.block + 1n;
    for (let block = from; block <= head.block; block++) {
      this.#hashes.set(block, await this.chain.hashOf(block));
    }
    this.head = head;
  }

  /** Whose verdicts the market knows. */
  get certifiers(): Address[] {
    const { poco, jury } = this.chain.contracts;
    return [poco, jury, STRANGERS.judge];
  }

  /** Who can hold money here. */
  get holders(): Address[] {
    const { poco, jury } = this.chain.contracts;
    return [...this.addresses, STRANGERS.wallet, STRANGERS.judge, STRANGERS.yes, poco, jury];
  }

  /** A task is mostly for Poco. */
  panel(): PanelName {
    return this.random.chance(this.temper.disputes) ? "jury" : "poco";
  }

  /** Whose word about enclaves the market believes. */
  get attester(): Address {
    return this.operators[0] as Address;
  }

  ownerOf({ id }: MarketAsset): Address {
    return this.law.clerk.owners.get(id);
  }

  freeOf(account: Address): bigint {
    return this.law.clerk.money.accounts.get(account).free;
  }

  /** An amount around what is there: mostly less, sometimes exactly that, one more, or nothing. */
  amountAround(there: bigint): bigint {
    const part = (there * BigInt(this.random.between(1, 60))) / 100n;
    return this.random.weighted<bigint>([
      [80, part > 0n ? part : 1n],
      [6, there],
      [8, there + 1n],
      [4, 0n],
      [2, BigInt(this.random.between(1, 9))],
    ]);
  }

  /** A price per task, in nano-HANSE. */
  poolPrice(): bigint {
    const { cheap } = this.temper;
    // Asked only where it can be: a kept seed's history stays what it was.
    const isCheap = cheap !== 0 && this.random.chance(cheap);
    return isCheap ? BigInt(this.random.between(1, 999)) : this.price();
  }

  price(): bigint {
    return this.random.weighted<bigint>([
      [70, BigInt(this.random.between(1, 20)) * HANSE + BigInt(this.random.below(1_000))],
      [12, BigInt(this.random.between(1, 999))],
      [10, 0n],
      [8, BigInt(this.random.between(20, 160)) * HANSE],
    ]);
  }

  /** What is usual; as often as the history is odd, something else. */
  mostly<T>(usual: T, otherwise: () => T): T {
    return this.random.below(1_000) < this.temper.odd ? otherwise() : usual;
  }

  anybody(): Address {
    return this.random.pick(this.addresses);
  }
}
