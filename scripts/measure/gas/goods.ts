import { AbiCoder, id, keccak256, type Typed, toBeHex, type Wallet, ZeroAddress, ZeroHash } from "ethers";
import { type Receipt, Receipt__factory } from "#typechain";
import type { Market } from "./market.ts";

export type GoodsDeal = Exclude<Parameters<Receipt["ship"]>[0], Typed>;
type GoodsBatch = Exclude<Parameters<Receipt["seal"]>[0], Typed>;

const HANSE = 10n ** 9n;
const ANY = ZeroHash;

const PRICE = 40n * HANSE;
const COMMISSION = 2n * HANSE;

const RULES = {
  ...{ answerTime: 1_000, rulingTime: 2_000, bondShare: 500, minBond: HANSE },
  ...{ juryApp: 1n, juryCategory: 0, juryTrust: 5, juryMinSeats: 3, juryMinSeatStake: 100n * HANSE },
};

/** Seconds that a seller has to ship, a parcel to arrive, and a buyer to complain after that. */
const PATIENCE = { shipWithin: 1_000, deliverWithin: 1_000, complaintTime: 1_000 } as const;

/** The Receipt, and who trades by it. */
export interface Shop {
  readonly receipt: Receipt;
  readonly seller: Wallet;
  readonly buyer: Wallet;
  readonly referrer: Wallet;
  readonly arbiter: Wallet;
  /** Brings what others signed. */
  readonly relayer: Wallet;
}

/** What there is to say of a sale: everything else is the same in all. */
export interface SaleOptions {
  /** The number of both orders. Salts 0 to 7 share slots that earlier orders have filled already. */
  readonly salt: number;
  /** What the seller has at stake. */
  readonly sellerBond?: bigint;
  /** One purchase of each, all of the one sale; the shop's buyer unless said. */
  readonly buyers?: readonly Wallet[];
}

/** A Receipt beside the market's Clerk, of whose users everybody has traded before. */
export async function openShop(market: Market): Promise<Shop> {
  const { chain, clerk, addresses, appOwner, requester, datasetOwner, sponsor, poolOwner, governance } =
    market;
  const creation = new Receipt__factory().getDeployTransaction(addresses.clerk, {
    ...RULES,
    jury: addresses.jury,
  });
  const { contractAddress } = await chain.send(
    chain.account("deployer of receipt"),
    creation.then(({ data }) => ({ data: data ?? "0x" })),
  );
  const receipt = Receipt__factory.connect(contractAddress as string, chain.provider);
  await chain.send(governance, clerk.registerCertifier.populateTransaction(receipt.target, true));
  for (const account of [appOwner, requester, ...market.requesters]) {
    await chain.send(account, clerk.allowCertifier.populateTransaction(receipt.target, 1_000n * HANSE));
  }
  const people = { seller: appOwner, buyer: requester, referrer: datasetOwner, arbiter: poolOwner };
  const shop = { receipt, ...people, relayer: sponsor };
  for (const [salt, buyers] of [[shop.buyer], market.requesters].entries()) {
    const { deals } = await sealGoods(market, shop, { salt, buyers, sellerBond: HANSE });
    for (const [index, deal] of deals.entries()) await confirm(market, shop, deal, buyers[index]);
  }
  return shop;
}

/** Seals one sale with its purchases. @returns the receipt and the deals */
export async function sealGoods(market: Market, shop: Shop, options: SaleOptions) {
  const { chain } = market;
  const batch = await goodsBatch(shop, options);
  const receipt = await chain.send(shop.relayer, shop.receipt.seal.populateTransaction(batch, true));
  const { fragment } = shop.receipt.filters.GoodsSealed;
  const deals = receipt.logs
    .filter(({ topics }) => topics[0] === fragment.topicHash)
    .map(({ data, topics }) => {
      const { deal } = shop.receipt.interface.decodeEventLog(fragment, data, topics);
      // A plain copy: what ethers decodes is frozen, and refuses to be encoded again.
      return deal.toObject() as GoodsDeal;
    });
  return { receipt, deals };
}

/** As `sealGoods`, of one purchase. */
export async function sealParcel(market: Market, shop: Shop, options: SaleOptions) {
  const { receipt, deals } = await sealGoods(market, shop, options);
  const [deal] = deals;
  if (deal === undefined) throw new Error("nothing was sealed");
  return { receipt, deal };
}

async function goodsBatch(
  { receipt, seller, buyer, referrer, arbiter }: Shop,
  { salt, sellerBond = 0n, buyers = [buyer] }: SaleOptions,
): Promise<GoodsBatch> {
  const conditions = (volume: number) => ({
    ...{ certifier: receipt.target, matcher: ZeroAddress, validUntil: 2n ** 40n, epoch: 0n },
    ...{ volume, minFill: 1, salt: toBeHex(salt, 32), externalRef: ANY, terms: ANY },
  });
  const sale = {
    ...{ seller: seller.address, goods: id("ACME:1"), price: PRICE, ...PATIENCE },
    ...{ arbiter: toBeHex(arbiter.address, 32), defaultOutcome: 0, sellerBond },
    ...{ referrer: referrer.address, commission: COMMISSION, resaleMargin: 0, supply: ANY, onlyBuyer: ANY },
    conditions: conditions(buyers.length),
  };
  const saleOrder = await receipt.hashSaleOrder(sale);
  const purchases = buyers.map(async (account, index) => {
    const order = {
      ...{
        buyer: account.address,
        goods: sale.goods,
        maxPrice: PRICE,
        shipTo: id(`street ${index}`),
        saleOrder,
      },
      ...{ onlySeller: ANY, maxShipWithin: 0, maxDeliverWithin: 0, minComplaintTime: 0, onlyArbiter: ANY },
      ...{ defaultOutcome: 0, minSellerBond: 0n, minResaleMargin: 0, basket: ANY, basketSize: 0 },
      conditions: conditions(1),
    };
    return { order, signature: await signed(receipt, account, await receipt.hashPurchaseOrder(order)) };
  });
  return {
    sales: [{ order: sale, signature: await signed(receipt, seller, saleOrder) }],
    purchases: await Promise.all(purchases),
    terms: [],
    matches: buyers.map((_, purchase) => ({ sale: 0, purchase })),
  };
}

async function signed(receipt: Receipt, signer: Wallet, structHash: string): Promise<string> {
  return signer.signingKey.sign(await receipt.digestOf(structHash)).serialized;
}

/** The buyer has what it wanted; somebody else brings its word. */
export async function confirm(
  { chain }: Market,
  { receipt, buyer, relayer }: Shop,
  deal: GoodsDeal,
  by = buyer,
) {
  const inputs = receipt.interface.getFunction("ship").inputs.slice(0, 1);
  const hash = keccak256(AbiCoder.defaultAbiCoder().encode(inputs, [deal]));
  const word = keccak256(
    AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [id("Confirmation(bytes32 deal)"), hash]),
  );
  return await chain.send(
    relayer,
    receipt.confirm.populateTransaction(deal, await signed(receipt, by, word)),
  );
}

/** The parcel is on its way. */
export async function ship({ chain }: Market, { receipt, seller }: Shop, deal: GoodsDeal) {
  return await chain.send(seller, receipt.ship.populateTransaction(deal, id("tracking")));
}

/** Nobody complained. */
export async function release(market: Market, { receipt, relayer }: Shop, deal: GoodsDeal) {
  await market.chain.mine(1, PATIENCE.deliverWithin + PATIENCE.complaintTime);
  return await market.chain.send(relayer, receipt.release.populateTransaction(deal));
}

/** The seller gives the price back. */
export async function refund({ chain }: Market, { receipt, seller }: Shop, deal: GoodsDeal) {
  return await chain.send(seller, receipt.refund.populateTransaction(deal));
}

/** The buyer complains, the seller says that it is wrong, and the arbiter agrees with the buyer. */
export async function quarrel({ chain }: Market, { receipt, seller, buyer, arbiter }: Shop, deal: GoodsDeal) {
  const disputed = await chain.send(buyer, receipt.dispute.populateTransaction(deal, 1, id("broken")));
  const contested = await chain.send(seller, receipt.contest.populateTransaction(deal, id("it is not")));
  const ruled = await chain.send(arbiter, receipt.rule.populateTransaction(deal, 0));
  return disputed.gasUsed + contested.gasUsed + ruled.gasUsed;
}
