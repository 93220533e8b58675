import { join } from "node:path";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createShopClient, createShopOwnerClient } from "#src/client/shop-client.ts";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { BOUTIQUE, SHOPS, type ShopCast } from "#src/demo/cast.ts";
import { allowReceipt, joinShop, type RunningShop } from "#src/demo/federation.ts";
import { shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { answers } from "./answers.ts";
import { keepSecret } from "./keep-secret.ts";
import type { ProcessGroup } from "./process-group.ts";
import type { StackPorts } from "./stack-ports.ts";

export interface StackFederationDeps {
  readonly group: ProcessGroup;
  readonly chain: ChainClient;
  readonly deployment: Deployment;
}

export interface StackFederationOptions {
  readonly stateDir: string;
  /** Environment that all services of the stack share. */
  readonly common: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  readonly ports: StackPorts;
  readonly hubUrl: string;
}

/** A hub service and the shops of the cast, coming up. */
export interface StackFederation {
  /**
   * Once their owners have money: has every shop join, where it has not yet.
   * @throws HANSE_PROCESS_FAILED where one did not come up
   */
  joined(): Promise<readonly RunningShop[]>;
}

/** What one HANSE is worth on a development chain: invented, at the dollar's and pound's real relation in `data/online-boutique`. */
const DEVELOPMENT_RATES = "USD=0.25,GBP=0.19011499";

const DATA_DIR = join(import.meta.dirname, "../../data");
const READY_TIMEOUT_MS = 60_000;

export function startFederation(deps: StackFederationDeps, options: StackFederationOptions): StackFederation {
  const { group, chain, deployment } = deps;
  const { stateDir, common, databaseUrl, ports, hubUrl } = options;
  // One for all of them: made by several at once, one could read it half written.
  const ownerToken = keepSecret(join(stateDir, "shop-owner-token"));
  const hub = group.start({
    name: "hub",
    args: ["hub", "start"],
    env: {
      ...common,
      DATABASE_URL: databaseUrl,
      HANSE_PORT: String(ports.hub),
      HANSE_PUBLIC_URL: hubUrl,
      HANSE_STATE_DIR: join(stateDir, "hub"),
      HANSE_ALLOW_PRIVATE_ENDPOINTS: "true",
    },
    ready: () => answers(`${hubUrl}/readyz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  const up = Promise.all([Promise.all(SHOPS.map(startShop)), hub]);
  // Told once it is awaited.
  up.catch(() => undefined);

  return {
    async joined() {
      const [[shops]] = await Promise.all([up, allowReceipt({ chain, deployment }, SHOPS)]);
      await Promise.all(shops.map((shop) => joinShop({ chain, deployment, hubUrl }, shop)));
      return shops;
    },
  };

  async function startShop(shop: ShopCast, index: number): Promise<RunningShop> {
    const { code, currency, keyNumber } = shop;
    const name = code.toLowerCase();
    const url = `http://127.0.0.1:${ports.shops[index]}`;
    const shopDir = join(stateDir, `shop-${name}`);
    const token = await ownerToken;
    await group.start({
      name: `shop-${name}`,
      args: ["shop", "start"],
      env: {
        ...common,
        DATABASE_URL: databaseUrl,
        HANSE_DATABASE_SCHEMA: `shop_${name}`,
        HANSE_PORT: String(ports.shops[index]),
        HANSE_PUBLIC_URL: url,
        HANSE_PRIVATE_KEY: developmentKey(keyNumber),
        HANSE_SHOP_CODE: code,
        HANSE_SHOP_CURRENCY: currency,
        HANSE_SHOP_OWNER_TOKEN: token,
        HANSE_SHOP_RATES: DEVELOPMENT_RATES,
        HANSE_HUBS: hubUrl,
        HANSE_STATE_DIR: shopDir,
        HANSE_ALLOW_PRIVATE_ENDPOINTS: "true",
        HANSE_SHOP_SYNC_SECONDS: "5",
        ...(code === BOUTIQUE.code
          ? {
              HANSE_SHOP_ADAPTER: "online-boutique",
              HANSE_SHOP_CATALOGUE: join(DATA_DIR, "online-boutique/products.json"),
            }
          : {}),
      },
      ready: () => answers(`${url}/readyz`),
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
    const key = shopKeyFromSeed(await keepSeed(join(shopDir, "shop.key"))).publicKey;
    return {
      ...{ ...shop, url, key },
      owner: createShopOwnerClient({}, { baseUrl: url, token }),
      front: createShopClient({}, { baseUrl: url }),
    };
  }
}
