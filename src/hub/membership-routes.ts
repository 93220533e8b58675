import {
  codeParamSchema,
  joinPostSchema,
  preparedSchema,
  rotateKeyPostSchema,
} from "#src/client/hub-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { isShopKey } from "#src/identity/shop-key.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { FindCaller } from "./auth-routes.ts";
import { assertOwnShop, type HubChain } from "./hub-chain.ts";
import { assertEndpoint, type ProveKey } from "./key-proof.ts";

export interface MembershipDeps {
  readonly chain: HubChain;
  readonly findCaller: FindCaller;
  readonly proveKey: ProveKey;
}

export interface MembershipOptions {
  /** Whether endpoints may be http: in development. */
  readonly allowHttp: boolean;
  /** Requests in a minute of one address; 20 unless told: each may have us call another service. */
  readonly limit?: number;
}

/**
 * What the owner of a shop does. Nothing here is done but on the chain, by the wallet: the service checks what the chain cannot,
 * and prepares the transactions.
 */
export function registerMembershipRoutes(
  server: HttpServer,
  deps: MembershipDeps,
  { allowHttp, limit = 20 }: MembershipOptions,
): void {
  const { chain, findCaller, proveKey } = deps;
  const config = { rateLimit: { max: limit, timeWindow: 60_000 } };
  const response = {
    200: preparedSchema,
    ...{ 400: errorBodySchema, 401: errorBodySchema, 403: errorBodySchema, 404: errorBodySchema },
    ...{ 409: errorBodySchema, 422: errorBodySchema, 429: errorBodySchema, 502: errorBodySchema },
    ...{ 503: errorBodySchema, 504: errorBodySchema },
  };

  server.post(
    "/v1/shops/join",
    { config, schema: { summary: "Prepare to join with a shop", body: joinPostSchema, response } },
    async (request) => {
      const { account } = await findCaller(request);
      const { code, key, endpoint, profile } = request.body;
      assertKey(key);
      assertEndpoint(endpoint, { allowHttp });
      const { standing } = await chain.shop(code);
      if (standing !== "none") {
        throw new HanseError("HANSE_CONFLICT", `The code ${code} is taken`, { details: { code, standing } });
      }
      await proveKey({ owner: account, code, key, endpoint });
      return await chain.prepareJoin(account, { code, key, endpoint, profile });
    },
  );

  server.post(
    "/v1/shops/:code/leave",
    { config, schema: { summary: "Prepare to leave with a shop", params: codeParamSchema, response } },
    async (request) => {
      const { account } = await findCaller(request);
      const { code } = request.params;
      assertOwnShop(await chain.shop(code), { code, account }, ["member", "suspended"]);
      return chain.prepareLeave(code);
    },
  );

  server.post(
    "/v1/shops/:code/rotate-key",
    {
      config,
      schema: {
        summary: "Prepare to have a shop sign with another key",
        ...{ params: codeParamSchema, body: rotateKeyPostSchema, response },
      },
    },
    async (request) => {
      const { account } = await findCaller(request);
      const { code } = request.params;
      const { key, overlapS } = request.body;
      assertKey(key);
      const shop = await chain.shop(code);
      assertOwnShop(shop, { code, account }, ["member", "suspended", "leaving"]);
      const longest = await chain.longestOverlapS();
      if (overlapS > longest) {
        throw new HanseError("HANSE_REQUEST_INVALID", `A key may overlap for ${longest} seconds at most`, {
          details: { overlapS, longest },
        });
      }
      await proveKey({ owner: account, code, key, endpoint: shop.endpoint });
      return chain.prepareRotation(code, key, overlapS);
    },
  );
}

function assertKey(key: `0x${string}`): void {
  if (isShopKey(key)) return;
  throw new HanseError("HANSE_REQUEST_INVALID", "This key is none that a shop may sign with", {
    hint: "Make one with `hanse shop key`.",
  });
}
