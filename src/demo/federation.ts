import { decodeFunctionData, getAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createHubShopReader } from "#src/chain/hub-shop-reader.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import type { ShopClient, ShopOwnerClient } from "#src/client/shop-client.ts";
import { accountOf, ownerOf, type ShopCast } from "./cast.ts";
import { sendersOn } from "./market.ts";

/** A shop of the demo that runs. */
export interface RunningShop extends ShopCast {
  readonly url: string;
  /** Ed25519, of the statement at its endpoint. */
  readonly key: `0x${string}`;
  readonly owner: ShopOwnerClient;
  /** As anybody asks it. */
  readonly front: ShopClient;
}

export interface FederationDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly hubUrl: string;
}

/** More than anybody has: what a certifier may hold is limited by what is there. */
const EVERYTHING = 2n ** 63n;

/** Lets the Receipt hold what customer and shops buy and sell for. Changes nothing where that was done before. */
export async function allowReceipt(
  { chain, deployment }: Pick<FederationDeps, "chain" | "deployment">,
  shops: readonly ShopCast[],
): Promise<void> {
  const { clerk, receipt } = deployment.contracts;
  const accounts = [accountOf("customer"), ...shops.map(ownerOf)];
  await Promise.all(
    accounts.map(async (account) => {
      const { allowance } = await chain.viem.readContract({
        ...{ address: clerk, abi: clerkAbi, functionName: "bondOf", args: [account.address, receipt] },
      });
      if (allowance > 0n) return;
      await sendersOn(chain)(account).send({
        ...{ address: clerk, abi: clerkAbi, functionName: "allowCertifier", args: [receipt, EVERYTHING] },
      });
    }),
  );
}

/**
 * Has a shop join: its owner signs in at the hub service, which has the endpoint prove the key, and sends what it is told.
 * Changes nothing where it is in already.
 */
export async function joinShop(deps: FederationDeps, shop: RunningShop): Promise<void> {
  const { chain, deployment, hubUrl } = deps;
  const known = await createHubShopReader(chain, deployment.contracts)(shop.code);
  const account = ownerOf(shop);
  if (known.owner === account.address) return;
  const hub = createHubClient({}, { baseUrl: hubUrl });
  const { accessToken } = await hub.signIn(account);
  const { transactions } = await hub.join(accessToken, {
    ...{ code: shop.code, key: shop.key, endpoint: shop.url, profile: "" },
  });
  for (const { to, data } of transactions) {
    const abi = getAddress(to) === deployment.contracts.hub ? hubAbi : clerkAbi;
    const { functionName, args } = decodeFunctionData({ abi, data });
    await sendersOn(chain)(account).send({ address: getAddress(to), abi, functionName, args: args ?? [] });
  }
}
