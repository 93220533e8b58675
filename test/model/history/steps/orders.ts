import { type Address, type Hex, numberToHex, padHex, zeroAddress } from "viem";
import { orderHash } from "#src/protocol/order-hash.ts";
import {
  type AppOrder,
  type Conditions,
  type DatasetOrder,
  type PoolOrder,
  type RequestOrder,
  request,
} from "#src/protocol/orders.ts";
import { onlyAccount, onlyAsset, onlyMembersOf } from "#src/protocol/restrictions.ts";
import { type Batch, NO_DATASET, type Signed, type Sponsorship, type Terms } from "../../clerk/batch.ts";
import { termsHash } from "../../clerk/match-check.ts";
import { sponsorshipHash } from "../../clerk/standing.ts";
import { STRANGERS } from "../strangers.ts";
import { HANSE, type MarketAsset, type World, ZERO_WORD } from "../world.ts";
import { MarkMaker, type Presigned } from "./mark-maker.ts";

const TERMS: readonly Terms[] = [
  { checker: STRANGERS.yes, data: "0x" },
  { checker: STRANGERS.yes, data: "0x1234" },
  { checker: STRANGERS.wallet, data: "0x" },
  { checker: zeroAddress, data: "0x" },
];
const TAGS = [0n, 0n, 0n, 0n, 1n, 2n, 6n];

/** What the orders of a batch have in common, so that they mostly go together. */
interface Deal {
  readonly app: MarketAsset;
  readonly dataset: MarketAsset | undefined;
  readonly pool: MarketAsset;
  readonly certifier: Address;
  readonly category: number;
  readonly trust: number;
}

/** A batch of really signed orders, most of which go together, and what has to be presigned for it. */
export interface MadeBatch {
  readonly batch: Batch;
  readonly presigned: readonly Presigned[];
}

/** Makes orders as traders do, and as nobody should. */
export class OrderMaker {
  readonly #world: World;
  #marks: MarkMaker;

  constructor(world: World) {
    this.#world = world;
    this.#marks = new MarkMaker(world);
  }

  batch(sealer: Address): MadeBatch {
    const { random } = this.#world;
    this.#marks = new MarkMaker(this.#world);
    const about = this.#deal();
    const several = <T>(counts: readonly number[], make: () => T) =>
      Array.from({ length: random.pick(counts) }, make);
    const apps = several([1, 1, 1, 2], () => this.#app(about, sealer));
    const datasets = several(about.dataset === undefined ? [0, 0, 0, 1] : [1, 1, 2], () =>
      this.#dataset(about, sealer),
    );
    const requests = several([1, 1, 2, 3], () => this.#request(about, sealer));
    const sponsored = requests.filter(({ order }) => order.sponsor !== zeroAddress);
    const sponsorships = sponsored.map(({ order }) => this.#sponsorship(order));
    if (random.chance(4)) sponsorships.pop();
    const pools = several([1, 1, 2], () => this.#pool(about, sealer));
    const matches = several([1, 1, 2, 3, 4], () => ({
      app: random.below(apps.length),
      dataset: this.#mostly(about.dataset !== undefined, () => datasets.length > 0)
        ? random.below(datasets.length)
        : NO_DATASET,
      pool: random.below(pools.length),
      request: random.below(requests.length),
    }));
    const first = matches[0];
    if (first !== undefined && random.chance(2)) matches.push({ ...first, app: apps.length });
    const terms = random.shuffled(TERMS).slice(random.chance(80) ? 0 : 2);
    return {
      batch: { apps, datasets, pools, requests, sponsorships, terms, matches },
      presigned: this.#marks.presigned,
    };
  }

  #deal(): Deal {
    const { random, assets } = this.#world;
    const pool = random.weighted<MarketAsset>([
      [55, assets.pool[0] as MarketAsset],
      [30, assets.pool[1] as MarketAsset],
      [11, assets.pool[2] as MarketAsset],
      [4, assets.pool[3] as MarketAsset],
    ]);
    const isClosed = pool === assets.pool[2];
    const certifier = random.chance(85) ? this.#world.chain.contracts[this.#world.panel()] : STRANGERS.judge;
    return {
      app: random.pick(assets.app),
      dataset: random.chance(35) ? random.pick(assets.dataset) : undefined,
      pool,
      certifier,
      category: random.weighted([
        [15, 0],
        [60, 1],
        [9, 2],
        [10, 3],
        [4, 4],
        [2, 9],
      ]),
      trust: isClosed ? random.below(2) : random.pick([0, 1, 2, 3, 3, 4, 5, 8, 10, 10, 10, 17, 60, 100]),
    };
  }

  #conditions(about: Deal, signer: Address, sealer: Address, volumes: readonly number[]): Conditions {
    const { random, head, law } = this.#world;
    const { epoch } = law.clerk.money.accounts.get(signer);
    return {
      certifier: this.#mostly(about.certifier, () => random.pick([...this.#world.certifiers, sealer])),
      matcher: this.#mostly(zeroAddress, () => random.pick([sealer, this.#world.anybody()])),
      validUntil: this.#mostly(head.time + 10n ** 8n, () => head.time + BigInt(random.below(4)) - 1n),
      epoch: this.#mostly(epoch, () => epoch + 1n),
      volume: random.pick(volumes),
      minFill: this.#mostly(1, () => random.pick([0, 2, 3, 10])),
      salt: this.#salt(),
      externalRef: ZERO_WORD,
      terms: this.#mostly(ZERO_WORD, () => termsHash(random.pick(TERMS))),
    };
  }

  /** Few enough that orders share a number, next to each other that they share a slot, and one at either end. */
  #salt(): Hex {
    const { random, law } = this.#world;
    // Traders go on counting while what they have sold grows.
    const used = law.clerk.deals.rows().length;
    const number = random.weighted<bigint>([
      [94, BigInt(random.below(24 + 4 * used))],
      [6, 2n ** 256n - 1n - BigInt(random.below(2))],
    ]);
    return numberToHex(number, { size: 32 });
  }

  #app(about: Deal, sealer: Address): Signed<AppOrder> {
    const { random } = this.#world;
    const asset = this.#mostly(about.app, () => random.pick([...this.#world.assets.app, about.pool]));
    const signer = this.#world.ownerOf(asset);
    const order: AppOrder = {
      app: asset.id,
      price: this.#world.price(),
      trust: this.#mostly(0, () => random.below(20)),
      tag: this.#tag(),
      onlyDataset: this.#restriction(about.dataset?.id ?? 0n),
      onlyPool: this.#restriction(about.pool.id),
      onlyRequester: this.#restriction(undefined),
      conditions: this.#conditions(about, signer, sealer, [1, 2, 5, 20, 1_000, 0xffff_ffff]),
    };
    return { order, mark: this.#marks.sign("app", signer, orderHash({ type: "app", order })) };
  }

  #dataset(about: Deal, sealer: Address): Signed<DatasetOrder> {
    const { random, assets } = this.#world;
    const asset = this.#mostly(about.dataset ?? (assets.dataset[0] as MarketAsset), () =>
      random.pick(assets.dataset),
    );
    const signer = this.#world.ownerOf(asset);
    const order: DatasetOrder = {
      dataset: asset.id,
      price: this.#world.price(),
      trust: this.#mostly(0, () => random.below(20)),
      tag: this.#tag(),
      onlyApp: this.#restriction(about.app.id),
      onlyPool: this.#restriction(about.pool.id),
      onlyRequester: this.#restriction(undefined),
      conditions: this.#conditions(about, signer, sealer, [1, 3, 7, 1_000]),
    };
    return { order, mark: this.#marks.sign("dataset", signer, orderHash({ type: "dataset", order })) };
  }

  #pool(about: Deal, sealer: Address): Signed<PoolOrder> {
    const { random, assets } = this.#world;
    const asset = this.#mostly(about.pool, () => random.pick([...assets.pool, about.app]));
    const signer = this.#world.ownerOf(asset);
    const order: PoolOrder = {
      pool: asset.id,
      price: this.#world.poolPrice(),
      category: this.#mostly(about.category, () => random.below(4)),
      trust: this.#mostly(3_000_000, () => random.below(20)),
      tag: padHex(numberToHex(this.#mostly(7n, () => random.pick(TAGS))), { size: 32 }),
      onlyApp: this.#restriction(about.app.id),
      onlyDataset: this.#restriction(about.dataset?.id ?? 0n),
      onlyRequester: this.#restriction(undefined),
      conditions: this.#conditions(about, signer, sealer, [1, 2, 4, 20, 1_000, 0xffff_ffff]),
    };
    return { order, mark: this.#marks.sign("pool", signer, orderHash({ type: "pool", order })) };
  }

  #request(about: Deal, sealer: Address): Signed<RequestOrder> {
    const { random, requesters } = this.#world;
    const requester = this.#mostly(random.pick(requesters), () => this.#world.anybody());
    const most = () => this.#mostly(200n * HANSE, () => this.#world.price());
    const { order } = request({
      requester,
      app: about.app.id,
      maxAppPrice: most(),
      dataset: about.dataset?.id ?? 0n,
      maxDatasetPrice: most(),
      maxPoolPrice: most(),
      category: about.category,
      trust: this.#mostly(about.trust, () => random.pick([0, 1_000_000, 2_000_000])),
      params: random.pick(["0x", "0x", "0xabcdef"]),
      conditions: this.#conditions(about, requester, sealer, [1, 2, 3, 4, 4, 9, 0xffff_ffff]),
      tag: this.#tag(),
      onlyApp: this.#restriction(about.app.id),
      onlyDataset: this.#restriction(about.dataset?.id ?? 0n),
      onlyPool: this.#restriction(about.pool.id),
      minSeats: this.#mostly(0, () => random.below(14)),
      minSeatStake: this.#mostly(0n, () => BigInt(random.pick([1, 8, 101])) * HANSE),
      callback: this.#mostly(zeroAddress, () => random.pick([STRANGERS.yes, sealer])),
      sponsor: random.chance(85) ? zeroAddress : this.#sponsorOf(requester),
      attesters: this.#attesters(about),
    });
    return { order, mark: this.#marks.sign("request", requester, orderHash({ type: "request", order })) };
  }

  /** Mostly nobody; where the app runs in an enclave, more often somebody. */
  #attesters({ app }: Deal): Hex {
    const { random, temper, attester } = this.#world;
    const isWanted = random.chance(BigInt(app.measurement) === 0n ? 2 : temper.enclaves);
    if (!isWanted) return ZERO_WORD;
    return random.weighted<Hex>([
      [60, onlyAccount(attester)],
      [25, onlyMembersOf(STRANGERS.yes)],
      [10, onlyAccount(STRANGERS.wallet)],
      [5, onlyMembersOf(STRANGERS.judge)],
    ]);
  }

  #sponsorOf(requester: Address): Address {
    const { random, addresses } = this.#world;
    return random.pick([...addresses.slice(2, 9), STRANGERS.wallet, requester]);
  }

  #sponsorship(order: RequestOrder): Sponsorship {
    const { random, head, law } = this.#world;
    const { epoch } = law.clerk.money.accounts.get(order.sponsor);
    const terms = {
      cap: this.#mostly(1_000n * HANSE, () => BigInt(random.below(40)) * HANSE),
      validUntil: this.#mostly(head.time + 10n ** 8n, () => head.time + BigInt(random.below(4)) - 1n),
      epoch: this.#mostly(epoch, () => epoch + 1n),
    };
    const hash = sponsorshipHash(orderHash({ type: "request", order }), terms);
    return { ...terms, mark: this.#marks.sign("sponsorship", order.sponsor, hash) };
  }

  #tag(): Hex {
    return numberToHex(
      this.#mostly(0n, () => this.#world.random.pick(TAGS)),
      { size: 32 },
    );
  }

  #restriction(right: bigint | undefined): Hex {
    const { random } = this.#world;
    return this.#mostly(ZERO_WORD, () =>
      random.weighted<Hex>([
        [6, right === undefined ? onlyAccount(random.pick(this.#world.requesters)) : onlyAsset(right)],
        [4, onlyMembersOf(STRANGERS.yes)],
        [1, onlyMembersOf(STRANGERS.judge)],
        [1, onlyMembersOf(zeroAddress)],
        [1, onlyAccount(this.#world.anybody())],
      ]),
    );
  }

  #mostly<T>(usual: T, otherwise: () => T): T {
    return this.#world.mostly(usual, otherwise);
  }
}
