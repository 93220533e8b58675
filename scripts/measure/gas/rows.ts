import { AbiCoder, id, MaxUint256, type TransactionReceipt, toBeHex, ZeroHash } from "ethers";
import { clerkDomain } from "#src/protocol/order-types.ts";
import { POWERS } from "#src/protocol/powers.ts";
import { SPONSORSHIP_TYPED_DATA } from "#src/protocol/sponsorship.ts";
import { confirm, openShop, quarrel, refund, release, sealGoods, sealParcel, ship } from "./goods.ts";
import { assetUri, type Market, shopOf } from "./market.ts";
import { batchOf, FRESH_SALT, signBulk } from "./orders.ts";
import { leave, openRatings, openStakedShop, punish, releaseStake } from "./shops.ts";
import { attest, commit, complete, drawPlainly, finalize, poll, rule, seal, trustOf } from "./tasks.ts";

const HANSE = 10n ** 9n;

/** A salt whose slot earlier orders have filled already. */
const USED_SALT = 1;

/** The same of goods, whose first two sales have others. */
const USED_GOODS_SALT = 2;

// `contracts/types/Refusals.sol`.
const APP_LEG = 1;

export interface GasRow {
  readonly what: string;
  /** The most it may need. */
  readonly bar?: number;
  /** What peers need for the same, measured the same way. */
  readonly reference?: string;
  /** Why the bar is missed, where it is. */
  readonly limit?: string;
  /** Each row is measured on the same market, which has seen deals before. */
  readonly gas: (market: Market) => Promise<bigint>;
}

/** Everything whose gas is kept. What a row changes is taken back before the next: rows do not depend on each other. */
export const GAS_ROWS: Readonly<Record<string, GasRow>> = {
  ...withFreshSlots("seal-1", {
    what: "seal one deal: app, pool, request",
    bar: 180_000,
    reference: "iExec PoCo 6.2: 623,718",
    gas: (market, salt) => used(seal(market, { salt })),
  }),
  ...withFreshSlots("seal-dataset", {
    what: "seal one deal with a dataset",
    bar: 210_000,
    reference: "iExec PoCo 6.2: 744,397",
    gas: (market, salt) => used(seal(market, { salt, dataset: true })),
  }),
  ...withFreshSlots("seal-50", {
    what: "each of 50 requests by 50 accounts, sealed with one app and one pool order",
    bar: 80_000,
    gas: async (market, salt) => (await used(seal(market, { salt, requesters: market.requesters }))) / 50n,
  }),
  "seal-50-one-requester": {
    what: "each of 50 requests by one account, sealed likewise",
    gas: async (market) =>
      (await used(seal(market, { salt: USED_SALT, requesters: Array(50).fill(market.requester) }))) / 50n,
  },
  ...withFreshSlots("flow-1", {
    what: "order to paid result, 1 worker: seal, complete",
    bar: 300_000,
    reference: "iExec PoCo 6.2: 1,561,149 (boost: 547,158)",
    gas: async (market, salt) => {
      const { receipt, deal } = await seal(market, { salt });
      return receipt.gasUsed + (await complete(market, deal)).gasUsed;
    },
  }),
  ...withFreshSlots("flow-3", {
    what: "order to paid result, 3 workers: seal, commit, finalize",
    bar: 370_000,
    reference: "iExec PoCo 6.2: 2,323,904",
    gas: async (market, salt) => total(await flow(market, { salt, places: 3 })),
  }),
  ...withFreshSlots("flow-10", {
    what: "order to paid result, 10 workers, with dataset: seal, commit, finalize",
    bar: 580_000,
    reference: "iExec PoCo 6.2: 5,098,590",
    gas: async (market, salt) => total(await flow(market, { salt, places: 10, dataset: true })),
  }),
  complete: {
    what: "certify a task of trust 1",
    gas: async (market) => {
      const { deal } = await seal(market, { salt: USED_SALT });
      return (await complete(market, deal)).gasUsed;
    },
  },
  "commit-3": {
    what: "3 workers' seals in one transaction",
    gas: async (market) => (await flow(market, { salt: USED_SALT, places: 3 })).commit,
  },
  "finalize-3": {
    what: "certify a task of 3 workers",
    gas: async (market) => (await flow(market, { salt: USED_SALT, places: 3 })).finalize,
  },
  "commit-10": {
    what: "10 workers' seals in one transaction",
    gas: async (market) => (await flow(market, { salt: USED_SALT, places: 10, dataset: true })).commit,
  },
  "finalize-10": {
    what: "certify a task of 10 workers, with dataset",
    gas: async (market) => (await flow(market, { salt: USED_SALT, places: 10, dataset: true })).finalize,
  },
  "flow-enclave": {
    what: "order to paid result by an enclave instead of drawn workers: seal, attest",
    gas: async (market) => {
      const { attester, enclaveApp } = market;
      const enclave = { app: enclaveApp.id, attester: attester.address, trust: trustOf(10) };
      const { receipt, deal } = await seal(market, { salt: USED_SALT, ...enclave });
      return receipt.gasUsed + (await attest(market, deal)).gasUsed;
    },
  },
  attest: {
    what: "certify a task by an enclave's word",
    gas: async (market) => {
      const { attester, enclaveApp } = market;
      const enclave = { app: enclaveApp.id, attester: attester.address };
      const { deal } = await seal(market, { salt: USED_SALT, ...enclave });
      return (await attest(market, deal)).gasUsed;
    },
  },
  "collect-10": {
    what: "pay out what 10 seats have earned",
    gas: ({ chain, poco, pool, poolOwner }) => {
      const seats = Array.from({ length: 10 }, (_, number) => number);
      return gasOf(chain.send(poolOwner, poco.collect.populateTransaction(pool, seats)));
    },
  },
  "jury-flow-3": {
    what: "order to paid ruling, 3 jurors: seal, commit, reveal, rule",
    gas: async (market) => total(await trial(market)),
  },
  "jury-reveal-3": {
    what: "3 jurors' answers revealed in one transaction",
    gas: async (market) => (await trial(market)).reveal,
  },
  "jury-rule-3": {
    what: "rule by the answer of 3 jurors",
    gas: async (market) => (await trial(market)).rule,
  },
  claim: {
    what: "take back a task of 3 workers of whom one never answered",
    gas: async (market) => {
      const { deal } = await seal(market, { salt: USED_SALT, trust: trustOf(3) });
      const [, ...present] = await drawPlainly(market, deal);
      const { committed } = await commit(market, deal, present);
      await market.chain.mine(200);
      return gasOf(
        market.chain.send(market.requester, market.poco.claim.populateTransaction(deal, 0, committed)),
      );
    },
  },
  "deposit-first": {
    what: "first deposit of an account, by an approval of just so much",
    bar: 67_000,
    reference: "iExec PoCo 6.2: 82,267",
    gas: (market) => firstDeposit(market, 10n * HANSE),
  },
  "deposit-first-endless": {
    what: "the same, by an approval without end, which is not used up and gives no gas back",
    gas: (market) => firstDeposit(market, MaxUint256),
  },
  "register-app": {
    what: "register an app, one's second",
    bar: 120_000,
    reference: "iExec PoCo 6.2: 595,469",
    gas: ({ chain, registry, appOwner }) =>
      gasOf(
        chain.send(
          appOwner,
          registry.register.populateTransaction(1, id("second app"), ZeroHash, assetUri("second app")),
        ),
      ),
  },
  "register-app-first": {
    what: "register an app, one's first",
    gas: ({ chain, registry, requester }) =>
      gasOf(
        chain.send(
          requester,
          registry.register.populateTransaction(1, id("first app"), ZeroHash, assetUri("first app")),
        ),
      ),
  },
  join: {
    what: "a shop joins, of an account that has money and allows the Hub its stake",
    bar: 150_000,
    reference: "Boson 2.5.1: 556,021 (create seller)",
    gas: ({ chain, hub, shopOwner }) =>
      gasOf(chain.send(shopOwner, hub.join.populateTransaction(...shopOf("SOCKS")))),
  },
  "join-fresh-slot": {
    what: "the same, every fourth time: its code begins another slot of the list",
    gas: async ({ chain, hub, shopOwner }) => {
      for (const code of ["SECOND", "THIRD", "FOURTH"]) {
        await chain.send(shopOwner, hub.join.populateTransaction(...shopOf(code)));
      }
      return await gasOf(chain.send(shopOwner, hub.join.populateTransaction(...shopOf("SOCKS"))));
    },
  },
  "rotate-key": {
    what: "a shop's key is changed for the first time, the old one good for a while",
    gas: ({ chain, hub, shopOwner }) => {
      const [code] = shopOf("FIRST");
      return gasOf(chain.send(shopOwner, hub.rotateKey.populateTransaction(code, id("new key"), 3_600)));
    },
  },
  leave: {
    what: "a shop begins to leave",
    gas: async (market) => gasOf(leave(market, await openStakedShop(market))),
  },
  release: {
    what: "a shop that has left gets its stake back",
    gas: async (market) => {
      const shop = await openStakedShop(market);
      await leave(market, shop);
      return gasOf(releaseStake(market));
    },
  },
  punish: {
    what: "a shop loses a share of its stake for a lost dispute, to a treasury that has money",
    gas: async (market) => {
      const shop = await openStakedShop(market);
      const { deal } = await sealParcel(market, shop, { salt: USED_GOODS_SALT });
      await ship(market, shop, deal);
      await quarrel(market, shop, deal);
      return gasOf(punish(market, shop, deal));
    },
  },
  rate: {
    what: "a buyer rates a seller that it has rated before",
    gas: async (market) => {
      const rated = await openRatings(market);
      const first = await rated.paid(USED_GOODS_SALT);
      await rated.rate(first);
      return gasOf(rated.rate(await rated.paid(USED_GOODS_SALT + 1)));
    },
  },
  "rate-fresh-slots": {
    what: "the same, the seller's first rating",
    gas: async (market) => {
      const rated = await openRatings(market);
      return gasOf(rated.rate(await rated.paid(USED_GOODS_SALT)));
    },
  },
  "cancel-all": {
    what: "cancel everything one has signed",
    bar: 46_000,
    reference: "iExec PoCo 6.2: 72,000–84,000 for each order",
    gas: ({ chain, clerk, requester }) =>
      gasOf(chain.send(requester, clerk.raiseEpoch.populateTransaction(1n))),
  },
  "cancel-all-fresh-slots": {
    what: "the same, of an account that never had money",
    gas: ({ chain, clerk }) =>
      gasOf(chain.send(chain.account("newcomer"), clerk.raiseEpoch.populateTransaction(1n))),
  },
  cancel: {
    what: "cancel one's app orders of one salt",
    gas: ({ chain, clerk, appOwner }) =>
      gasOf(chain.send(appOwner, clerk.cancel.populateTransaction(APP_LEG, [toBeHex(USED_SALT, 32)]))),
  },
  "seal-operator": {
    what: "seal-1, the request signed by an operator key that has signed before",
    gas: async (market) => {
      const { chain, keyring, requester } = market;
      const operator = chain.account("operator");
      const grant = { powers: POWERS.REQUEST_ORDER, limit: 1_000n * HANSE, validUntil: 2n ** 39n };
      await chain.send(requester, keyring.setOperator.populateTransaction(operator.address, grant));
      await seal(market, { salt: USED_SALT + 1, operator, requestSalt: FRESH_SALT + 1 });
      return await used(seal(market, { salt: USED_SALT, operator }));
    },
  },
  "seal-bulk-64": {
    what: "seal-1, the request signed in bulk with 63 others",
    gas: async (market) => {
      const { chain, clerk, requester } = market;
      const bulk = await batchOf(market, { salt: USED_SALT, requesters: Array(64).fill(requester) });
      const orders = bulk.requests.map(({ order }) => order);
      const requests = [{ order: orders[0], signature: await signBulk(market, requester, orders) }];
      const batch = { ...bulk, requests, matches: bulk.matches.slice(0, 1) } as typeof bulk;
      return gasOf(chain.send(requester, clerk.seal.populateTransaction(batch, true)));
    },
  },
  "seal-presigned": {
    what: "seal-1, the request signed by a transaction before",
    gas: async (market) => {
      const { chain, clerk, keyring, requester } = market;
      const batch = await batchOf(market, { salt: USED_SALT });
      const [request] = batch.requests;
      if (request === undefined) throw new Error("there is no request");
      request.signature = "0x";
      const digest = await clerk.digestOf(await clerk.hashRequestOrder(request.order));
      await chain.send(requester, keyring.presign.populateTransaction(digest, true));
      return gasOf(chain.send(requester, clerk.seal.populateTransaction(batch, true)));
    },
  },
  "seal-sponsored": {
    what: "seal-1, paid by a sponsor",
    gas: async (market) => {
      const { chain, clerk, sponsor, requester, addresses } = market;
      const batch = await batchOf(market, { salt: USED_SALT, sponsor: sponsor.address });
      const [request] = batch.requests;
      if (request === undefined) throw new Error("there is no request");
      const word = {
        ...{ request: await clerk.hashRequestOrder(request.order) },
        ...{ cap: 100n * HANSE, validUntil: 2n ** 40n, epoch: 0n },
      };
      const domain = clerkDomain(chain.chainId, addresses.clerk);
      const types = { Sponsorship: [...SPONSORSHIP_TYPED_DATA.Sponsorship] };
      const signature = await sponsor.signTypedData(domain, types, word);
      batch.sponsorships.push({ ...word, signature });
      return gasOf(chain.send(requester, clerk.seal.populateTransaction(batch, true)));
    },
  },
  "deposit-and-seal": {
    what: "seal-1 and the deposit that pays it in one transaction, by the token's approveAndCall",
    gas: async (market) => {
      const { chain, token, clerk, requester, governance, addresses } = market;
      await chain.send(governance, token.transfer.populateTransaction(requester.address, 100n * HANSE));
      const data = AbiCoder.defaultAbiCoder().encode(clerk.interface.getFunction("seal").inputs, [
        await batchOf(market, { salt: USED_SALT }),
        true,
      ]);
      const call = token["approveAndCall(address,uint256,bytes)"];
      return gasOf(chain.send(requester, call.populateTransaction(addresses.clerk, 25n * HANSE, data)));
    },
  },
  ...goodsRows(),
};

/** What is measured of goods: each on a Receipt of its own, where everybody has traded before. */
function goodsRows(): Readonly<Record<string, GasRow>> {
  const course = async (market: Market, salt: number, sellerBond = 0n) => {
    const shop = await openShop(market);
    const { receipt, deal } = await sealParcel(market, shop, { salt, sellerBond });
    return receipt.gasUsed + (await confirm(market, shop, deal)).gasUsed;
  };
  const sealed = async (market: Market) => {
    const shop = await openShop(market);
    const { deal } = await sealParcel(market, shop, { salt: USED_GOODS_SALT, sellerBond: 5n * HANSE });
    return { shop, deal };
  };
  return {
    goods: {
      what: "goods order with commission: seal, confirm by the buyer's relayed signature",
      bar: 200_000,
      reference: "Boson 2.5.1: 651,536",
      gas: (market) => course(market, USED_GOODS_SALT),
    },
    "goods-fresh-slots": {
      what: "goods, with the seller's first order of its slot",
      gas: (market) => course(market, FRESH_SALT),
    },
    "goods-bonded": {
      what: "goods, with a bond of the seller's",
      gas: (market) => course(market, USED_GOODS_SALT, 5n * HANSE),
    },
    "goods-seal": {
      what: "seal one deal of goods, with commission",
      gas: async (market) => used(sealParcel(market, await openShop(market), { salt: USED_GOODS_SALT })),
    },
    "goods-seal-50": {
      what: "each of 50 purchases by 50 accounts, sealed with one sale",
      gas: async (market) => {
        const { requesters: buyers } = market;
        return (
          (await used(sealGoods(market, await openShop(market), { salt: USED_GOODS_SALT, buyers }))) / 50n
        );
      },
    },
    "goods-confirm": {
      what: "pay the seller and the referrer by the buyer's relayed signature",
      gas: async (market) => {
        const shop = await openShop(market);
        const { deal } = await sealParcel(market, shop, { salt: USED_GOODS_SALT });
        return gasOf(confirm(market, shop, deal));
      },
    },
    "goods-ship": {
      what: "say that a parcel is on its way",
      gas: async (market) => {
        const { shop, deal } = await sealed(market);
        return gasOf(ship(market, shop, deal));
      },
    },
    "goods-release": {
      what: "pay a seller with a bond when nobody complained",
      gas: async (market) => {
        const { shop, deal } = await sealed(market);
        await ship(market, shop, deal);
        return gasOf(release(market, shop, deal));
      },
    },
    "goods-refund": {
      what: "give the price back",
      gas: async (market) => {
        const { shop, deal } = await sealed(market);
        return gasOf(refund(market, shop, deal));
      },
    },
    "goods-dispute": {
      what: "a dispute of goods, ruled by an account: dispute, contest, rule",
      gas: async (market) => {
        const { shop, deal } = await sealed(market);
        await ship(market, shop, deal);
        return quarrel(market, shop, deal);
      },
    },
  };
}

/** The row for accounts that have traded before, and one for salts whose slots nobody has used. */
function withFreshSlots(
  name: string,
  { gas, ...row }: Omit<GasRow, "gas"> & { gas: (market: Market, salt: number) => Promise<bigint> },
): Readonly<Record<string, GasRow>> {
  return {
    [name]: { ...row, gas: (market) => gas(market, USED_SALT) },
    [`${name}-fresh-slots`]: {
      what: `${name}, with the sellers' first orders of their slots`,
      gas: (market) => gas(market, FRESH_SALT),
    },
  };
}

async function flow(
  market: Market,
  { salt, places, dataset = false }: { salt: number; places: number; dataset?: boolean },
) {
  const { receipt, deal } = await seal(market, { salt, dataset, trust: trustOf(places) });
  const drawn = await drawPlainly(market, deal);
  if (drawn.length !== places) throw new Error(`${drawn.length} places, not ${places}`);
  const committed = await commit(market, deal, drawn);
  const finalized = await finalize(market, deal, committed);
  return { seal: receipt.gasUsed, commit: committed.receipt.gasUsed, finalize: finalized.gasUsed };
}

async function trial(market: Market) {
  const { receipt, deal } = await seal(market, {
    ...{ salt: USED_SALT, trust: trustOf(3) },
    certifier: market.addresses.jury,
  });
  const drawn = await drawPlainly(market, deal, market.jury);
  const polled = await poll(market, deal, drawn);
  const ruled = await rule(market, deal, polled);
  return {
    ...{ seal: receipt.gasUsed, commit: polled.receipt.gasUsed },
    ...{ reveal: polled.revealed.gasUsed, rule: ruled.gasUsed },
  };
}

function total(parts: Readonly<Record<string, bigint>>): bigint {
  return Object.values(parts).reduce((sum, part) => sum + part, 0n);
}

async function firstDeposit({ chain, token, clerk, governance, addresses }: Market, approved: bigint) {
  const newcomer = chain.account("newcomer");
  await chain.send(governance, token.transfer.populateTransaction(newcomer.address, 100n * HANSE));
  await chain.send(newcomer, token.approve.populateTransaction(addresses.clerk, approved));
  return await gasOf(chain.send(newcomer, clerk.deposit.populateTransaction(10n * HANSE)));
}

async function used(sealed: Promise<{ receipt: TransactionReceipt }>): Promise<bigint> {
  return (await sealed).receipt.gasUsed;
}

async function gasOf(receipt: Promise<TransactionReceipt>): Promise<bigint> {
  return (await receipt).gasUsed;
}
