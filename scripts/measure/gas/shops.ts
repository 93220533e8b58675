import { id } from "ethers";
import { Ratings__factory } from "#typechain";
import { confirm, type GoodsDeal, openShop, type Shop, sealParcel } from "./goods.ts";
import { type Market, SHOP_STAKE, shopOf, UNBONDING_TIME } from "./market.ts";

const HANSE = 10n ** 9n;

const [CODE] = shopOf("SOCKS");

/** As `openShop`, whose seller is in the Hub too, which asks its Receipt about open deals. */
export async function openStakedShop(market: Market): Promise<Shop> {
  const { chain, clerk, hub, governance } = market;
  const shop = await openShop(market);
  await chain.send(governance, hub.setReceipt.populateTransaction(shop.receipt.target, true));
  await chain.send(shop.seller, clerk.allowCertifier.populateTransaction(hub.target, SHOP_STAKE));
  await chain.send(shop.seller, hub.join.populateTransaction(...shopOf("SOCKS")));
  return shop;
}

export async function leave({ chain, hub }: Market, { seller }: Shop) {
  return await chain.send(seller, hub.leave.populateTransaction(CODE));
}

/** Once nothing can be taken of it any more. */
export async function releaseStake({ chain, hub, sponsor }: Market) {
  await chain.mine(1, UNBONDING_TIME);
  return await chain.send(sponsor, hub.release.populateTransaction(CODE));
}

/** Anybody tells the Hub that the shop lost that deal. */
export async function punish({ chain, hub }: Market, { receipt, relayer }: Shop, deal: GoodsDeal) {
  return await chain.send(relayer, hub.punish.populateTransaction(CODE, receipt.target, deal));
}

/** A shop whose buyer rates what it paid. */
export async function openRatings(market: Market) {
  const { chain, addresses } = market;
  const shop = await openShop(market);
  const creation = new Ratings__factory().getDeployTransaction(addresses.clerk, HANSE, 1_000n * HANSE);
  const { contractAddress } = await chain.send(
    chain.account("deployer of ratings"),
    creation.then(({ data }) => ({ data: data ?? "0x" })),
  );
  const ratings = Ratings__factory.connect(contractAddress as string, chain.provider);
  return {
    async paid(salt: number): Promise<GoodsDeal> {
      const { deal } = await sealParcel(market, shop, { salt });
      await confirm(market, shop, deal);
      return deal;
    },
    rate: (deal: GoodsDeal) =>
      chain.send(
        shop.buyer,
        ratings.rate.populateTransaction(shop.receipt.target, deal, 5, id("a good shop")),
      ),
  };
}
