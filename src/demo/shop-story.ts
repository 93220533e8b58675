import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { getAddress } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import type { Checkout, OwnerCall, PartnershipCall, Sale } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { CONFIRMATION_TYPED_DATA, receiptDomain } from "#src/protocol/goods-order-types.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { formatPrice } from "#src/protocol/price.ts";
import { accountOf, BOUTIQUE, GIFTS, ownerOf, SOCKS } from "./cast.ts";
import type { RunningShop } from "./federation.ts";
import { readLedger } from "./ledger.ts";
import type { Narrator } from "./narrator.ts";

export interface ShopStoryDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly shops: readonly RunningShop[];
  readonly hubUrl: string;
  /** Where the real catalogues are. */
  readonly dataDir: string;
  readonly narrator: Narrator;
}

const PATIENCE_MS = 20_000;
const LOOK_MS = 200;
/** Sock Shop has one of these left. */
const LAST_PIECE = "SOCKS:03fef6ac-1896-4ce8-bd69-b798f85c6e0b";
const SUNGLASSES = "ONBQ:OLJCESPC7Z";
/** A cake stand, in pounds. */
const GIFT = "GIFTS:22423";
const SHIP_TO = {
  ...{ name: "A customer of Online Boutique", lines: ["Holstentor 1"], city: "Lübeck" },
  ...{ region: "", postalCode: "23552", country: "DE" },
};

/** The federation's story: three shops with real catalogues become partners and sell each other's goods. */
export async function playShopStory(deps: ShopStoryDeps): Promise<void> {
  const { chain, deployment, shops, hubUrl, dataDir, narrator } = deps;
  const [boutique, socks, gifts] = [BOUTIQUE, SOCKS, GIFTS].map(({ code }) => shopOf(shops, code)) as [
    RunningShop,
    RunningShop,
    RunningShop,
  ];
  const customer = accountOf("customer");
  narrator.chapter("Three shops with real catalogues join a federation, each with a stake");
  const hub = createHubClient({}, { baseUrl: hubUrl });
  const listed = await until("the hub service lists all three", async () => {
    const { shops: views } = await hub.shops();
    return views.length === shops.length ? views : undefined;
  });
  narrator.check(
    "the hub service had each prove its key at its endpoint, and lists all three",
    listed.every(({ standing }) => standing === "member"),
  );

  narrator.say("Sock Shop and a gift wholesaler take their catalogues into their stock");
  await importCatalogue(socks, `${dataDir}/sock-shop/socks.json`);
  await importCatalogue(gifts, `${dataDir}/uci-online-retail/catalogue.json`);

  narrator.chapter("Online Boutique asks both for rights, and they grant them");
  for (const partner of [socks, gifts]) {
    const rights: NonNullable<OwnerCall["rights"]> = ["share-inventory", "sell", "earn-commission"];
    await call(boutique, partner.code, "request", { rights, until: inDays(30) });
    const asked = (await partner.owner.partnerships()).find(({ peer }) => peer === boutique.code);
    await call(partner, boutique.code, "accept", { answers: asked?.pendingId ?? "" });
    narrator.say(`${partner.name} grants ${asked?.pendingRights?.join(", ")} for 30 days`);
  }
  const told = await Promise.all([socks, gifts].map((partner) => sync(boutique, partner.code)));
  narrator.check("Online Boutique lists the ten socks", told[0] === 10, String(told[0]));
  narrator.check("and the wholesaler's 2,199 gifts", told[1] === 2_199, String(told[1]));

  narrator.chapter("A customer of Online Boutique buys from all three, in one basket");
  const before = await readLedger(chain, deployment);
  const basket = await checkout(boutique, [
    [SUNGLASSES, 1],
    [LAST_PIECE, 1],
    [GIFT, 6],
  ]);
  for (const { quote } of basket.legs) {
    const total = formatPrice({ currency: quote.currency as Currency, minor: quote.totalMinor });
    narrator.say(
      `${quote.seller}: ${quote.lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")} for ${total} ${quote.currency}, which is ${formatHanse(quote.totalNano)} HANSE`,
    );
  }
  const paid = await pay(boutique, basket);
  narrator.check(
    "all three are sealed together, the price held in escrow",
    paid.state === "sealed",
    paid.problem ?? paid.state,
  );
  const another = await checkout(boutique, [[LAST_PIECE, 1]]).then(
    () => "it was kept",
    (error: unknown) => (isHanseError(error, "HANSE_OUT_OF_STOCK") ? "out of stock" : String(error)),
  );
  narrator.check("the last pair of socks is not sold twice", another === "out of stock", another);

  narrator.chapter("The parcels go out; two arrive, one is called off");
  const legOf = (shop: RunningShop) => paid.legs.findIndex(({ seller }) => seller === shop.code);
  for (const shop of [boutique, socks]) {
    const sale = await saleOf(shop, paid.legs[legOf(shop)]?.deal);
    await shop.owner.ship(sale.id, `${shop.code} 1`);
    const leg = legOf(shop);
    const { dealHash } = await until("the shop sees the parcel on its way", async () => {
      const { legs } = await boutique.front.checkout(paid.id);
      return legs[leg]?.stage === "Shipped" ? legs[leg] : undefined;
    });
    const signature = await customer.signTypedData({
      domain: receiptDomain(chain.chainId, deployment.contracts.receipt),
      ...{ types: CONFIRMATION_TYPED_DATA, primaryType: "Confirmation" },
      message: { deal: dealHash as `0x${string}` },
    });
    await boutique.front.confirm(paid.id, leg, signature);
    narrator.say(`the customer confirms what ${shop.name} sent: the escrow pays`);
  }
  const cancelled = await saleOf(gifts, paid.legs[legOf(gifts)]?.deal);
  await gifts.owner.cancel(cancelled.id);
  await until("all three deals are over", async () => {
    const { legs } = await boutique.front.checkout(paid.id);
    return legs.every(({ stage }) => stage === "Paid" || stage === "Refunded") || undefined;
  });

  const after = await readLedger(chain, deployment);
  const change = (address: string) => {
    const sum = (ledger: typeof after) => {
      const line = ledger.lines.find((each) => each.address === address);
      return line === undefined ? 0n : line.free + line.locked;
    };
    return sum(after) - sum(before);
  };
  const [ours, theirs] = [boutique, socks].map((shop) => paid.legs[legOf(shop)]?.quote.totalNano ?? 0n) as [
    bigint,
    bigint,
  ];
  const commission = paid.legs[legOf(socks)]?.quote.sale.commission ?? 0n;
  narrator.check(
    "Sock Shop has its price less the commission",
    change(ownerOf(socks).address) === theirs - commission,
    formatHanse(change(ownerOf(socks).address)),
  );
  narrator.check(
    "Online Boutique has its own price and the commission for the socks",
    change(ownerOf(boutique).address) === ours + commission,
    formatHanse(change(ownerOf(boutique).address)),
  );
  narrator.check(
    "what was called off came back, commission and all",
    change(ownerOf(gifts).address) === 0n && change(customer.address) === -(ours + theirs),
    formatHanse(change(customer.address)),
  );
}

function shopOf(shops: readonly RunningShop[], code: string): RunningShop {
  const found = shops.find((shop) => shop.code === code);
  if (found === undefined) throw new HanseError("HANSE_INTERNAL", `${code} does not run`);
  return found;
}

async function importCatalogue({ owner }: RunningShop, path: string): Promise<void> {
  await owner.importProducts({ format: "json", content: await readFile(path, "utf8"), complete: true });
}

async function call({ owner }: RunningShop, partner: string, name: PartnershipCall, wish: OwnerCall) {
  // Shops hear of each other by the hub service's word, a moment after they joined.
  return await until(`${name} reaches ${partner}`, async () => {
    try {
      return await owner.partnership(partner, name, wish);
    } catch (error) {
      const early = ["HANSE_SHOP_UNKNOWN", "HANSE_SIGNATURE_KEY_UNKNOWN"] as const;
      if (early.some((code) => isHanseError(error, code))) return undefined;
      throw error;
    }
  });
}

async function sync({ owner, front }: RunningShop, partner: string): Promise<number> {
  await owner.sync(partner);
  return (await front.listings(partner)).length;
}

async function checkout(
  { front }: RunningShop,
  lines: readonly (readonly [string, number])[],
): Promise<Checkout> {
  return await front.begin({
    ...{ buyer: accountOf("customer").address, shipTo: SHIP_TO },
    lines: lines.map(([product, quantity]) => ({ product, quantity })),
  });
}

async function pay({ front }: RunningShop, { id, legs, chainId, receipt }: Checkout): Promise<Checkout> {
  const signatures = await Promise.all(
    legs.map(async (leg) => {
      const order = purchase(leg.purchase);
      return (await signGoodsOrder(accountOf("customer"), order, chainId, getAddress(receipt))).signature;
    }),
  );
  return await front.pay(id, signatures);
}

/** The seller hears of its sale by the chain. */
async function saleOf({ owner, name }: RunningShop, deal: string | null | undefined): Promise<Sale> {
  return await until(`${name} has the pieces ready`, async () =>
    (await owner.sales()).find((sale) => sale.deal === deal && sale.state === "paid" && sale.packed),
  );
}

async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new HanseError("HANSE_TIMED_OUT", `It takes too long until ${what}`);
    await wait(LOOK_MS);
  }
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
