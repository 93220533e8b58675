import type { BrokerClient } from "#src/client/broker-client.ts";
import { signedOrderSchema } from "#src/client/order-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AssetId, assetIdToHex, NO_ASSET } from "#src/protocol/ids.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";

/** What to ask for, where the user left it open, and what it costs now (nano-HANSE per task). */
export interface GoingOffers {
  readonly app: AssetId;
  readonly maxAppPrice: bigint;
  readonly dataset: AssetId;
  readonly maxDatasetPrice: bigint;
  readonly maxPoolPrice: bigint;
}

/**
 * Looks up today's cheapest offers.
 * @throws HANSE_NOT_FOUND where nothing is on offer, or more than one thing and the user has to choose
 */
export async function goingOffers(
  broker: BrokerClient,
  wanted: {
    readonly app: AssetId | undefined;
    readonly dataset: AssetId | undefined;
    readonly category: number;
  },
): Promise<GoingOffers> {
  const [apps, datasets, depth] = await Promise.all([
    offered(broker, "app"),
    offered(broker, "dataset"),
    broker.depth(wanted.category),
  ]);
  const app = choose("app", apps, wanted.app);
  if (app === undefined) throw missing("app", wanted.app);
  const dataset = wanted.dataset === NO_ASSET ? undefined : choose("dataset", datasets, wanted.dataset);
  if (dataset === undefined && wanted.dataset !== undefined && wanted.dataset !== NO_ASSET) {
    throw missing("dataset", wanted.dataset);
  }
  const ask = depth.asks[0];
  if (ask === undefined) throw missing("pool", undefined);
  return {
    app: app.id,
    maxAppPrice: app.price,
    dataset: dataset?.id ?? NO_ASSET,
    maxDatasetPrice: dataset?.price ?? 0n,
    maxPoolPrice: ask.price,
  };
}

interface Offer {
  readonly id: AssetId;
  readonly price: bigint;
}

async function offered(broker: BrokerClient, type: "app" | "dataset"): Promise<Offer[]> {
  const { orders } = await broker.orders({ type, status: "open", limit: 200 });
  return orders.flatMap(({ order }) => {
    const signed: SignedOrder = signedOrderSchema.parse(order);
    if (signed.type === "app") return [{ id: signed.order.app, price: signed.order.price }];
    return signed.type === "dataset" ? [{ id: signed.order.dataset, price: signed.order.price }] : [];
  });
}

function choose(what: string, offers: readonly Offer[], wanted: AssetId | undefined): Offer | undefined {
  const ids = new Set(offers.map(({ id }) => id));
  if (wanted === undefined && ids.size > 1) {
    throw new HanseError("HANSE_NOT_FOUND", `several ${what}s are on offer`, {
      hint: `Choose one with --${what}: ${[...ids].map(assetIdToHex).join(", ")}`,
    });
  }
  return offers
    .filter(({ id }) => wanted === undefined || id === wanted)
    .reduce<Offer | undefined>(
      (best, each) => (best === undefined || each.price < best.price ? each : best),
      undefined,
    );
}

function missing(what: string, id: AssetId | undefined): HanseError {
  return new HanseError(
    "HANSE_NOT_FOUND",
    `no ${what} ${id === undefined ? "" : `${assetIdToHex(id)} `}is on offer`,
    {
      hint: "`hanse market` shows what is; offers appear as their owners publish them.",
    },
  );
}
