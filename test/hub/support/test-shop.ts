import { createServer } from "node:http";
import type { Address, Hex } from "viem";
import { CHANGE_PATH, type ChangePost, changePostSchema } from "#src/client/hub-schema.ts";
import { HUB_SIGNER, verifyRequest } from "#src/identity/http-signature.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import { STATEMENT_PATH, signStatement } from "#src/identity/statement.ts";

export interface TestShopOptions {
  readonly chainId: number;
  readonly hub: Address;
  readonly owner: Address;
  readonly code: string;
}

export interface TestShop {
  readonly endpoint: string;
  readonly key: ShopKey;
  readonly seed: Hex;
  /** What it says of itself; a test may have it say something else. */
  said: { chainId: number; hub: Address; owner: Address; code: string; endpoint: string };
  signer: ShopKey;
  /** What it does with a change: a status. */
  answer: (attempt: number) => number | Promise<number>;
  /** Every delivery that came with a good signature, in order, those too that it refused. */
  readonly deliveries: ChangePost[];
  /** What came with a bad one. */
  readonly refused: unknown[];
  hubKey: Hex | undefined;
  stop(): Promise<void>;
}

/** A shop's service, as far as a hub service meets it: on loopback, with a key of its own. */
export async function startTestShop(options: TestShopOptions, port = 0): Promise<TestShop> {
  const { key, seed } = generateShopKey();
  const seen = new Set<string>();
  let endpoint = "";
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", endpoint);
    if (url.pathname === STATEMENT_PATH) {
      const challenge = url.searchParams.get("challenge");
      const statement = await signStatement(shop.signer, {
        ...shop.said,
        key: shop.signer.publicKey,
        issuedAt: Math.floor(Date.now() / 1000),
        ...(challenge === null ? {} : { challenge }),
      });
      response.setHeader("content-type", "application/jose").end(statement);
      return;
    }
    if (url.pathname !== CHANGE_PATH) return void response.writeHead(404).end();
    const body = Buffer.concat(await request.toArray());
    try {
      await verifyRequest(
        {
          method: request.method ?? "",
          url: `http://${request.headers.host}${request.url}`,
          headers: request.headers as Record<string, string>,
          body,
        },
        {
          isKeyOf: async (code, publicKey) => code === HUB_SIGNER && publicKey === shop.hubKey,
          takeNonce: async (code, nonce) => !seen.has(code + nonce) && Boolean(seen.add(code + nonce)),
          clock: Date,
          authority: new URL(endpoint).host,
          addressee: options.code,
        },
      );
      shop.deliveries.push(changePostSchema.parse(JSON.parse(body.toString())));
      response.writeHead(await shop.answer(shop.deliveries.length)).end();
    } catch (error) {
      shop.refused.push(error);
      response.writeHead(401).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const shop: TestShop = {
    endpoint,
    key,
    seed,
    said: { ...options, endpoint },
    signer: key,
    answer: () => 204,
    deliveries: [],
    refused: [],
    hubKey: undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return shop;
}
