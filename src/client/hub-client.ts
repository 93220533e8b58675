import type { LocalAccount } from "viem";
import { z } from "zod";
import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import { createLogInMessage } from "#src/identity/siwe.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  type HubInfo,
  hubInfoSchema,
  type JoinPost,
  jwksSchema,
  keysOfJwks,
  nonceSchema,
  type Prepared,
  preparedSchema,
  type RotateKeyPost,
  type Session,
  type ShopPage,
  type ShopQuery,
  type ShopView,
  sessionSchema,
  shopPageSchema,
  shopViewSchema,
} from "./hub-schema.ts";

/** A hub service, over HTTP. Each call throws the service's own HanseError, or HANSE_PEER_*. */
export interface HubClient {
  info(): Promise<HubInfo>;
  /** The keys with which it signs what it tells shops. */
  keys(): Promise<readonly `0x${string}`[]>;
  /** One page; see `ShopQuery`. */
  shops(query?: ShopQuery): Promise<ShopPage>;
  /** @throws HANSE_NOT_FOUND */
  shop(code: string): Promise<ShopView>;
  /**
   * Logs a wallet in.
   * @throws HANSE_LOGIN_*; HANSE_LOGIN_MISMATCH also where the service asks for a log-in elsewhere than at its base URL
   */
  signIn(account: LocalAccount): Promise<Session>;
  /** @throws HANSE_SESSION_REVOKED, HANSE_SESSION_UNKNOWN */
  refresh(refreshToken: string): Promise<Session>;
  signOut(refreshToken: string): Promise<void>;
  /** Has the service prove that the endpoint has the key. @returns what the wallet has to send */
  join(accessToken: string, join: JoinPost): Promise<Prepared>;
  leave(accessToken: string, code: string): Promise<Prepared>;
  rotateKey(accessToken: string, code: string, rotation: RotateKeyPost): Promise<Prepared>;
}

/** For how long (milliseconds) a log-in message is good: it is sent at once. */
const LOG_IN_MS = 300_000;

export function createHubClient(
  deps: HttpClientDeps & { readonly clock?: Clock },
  options: HttpClientOptions & { readonly baseUrl: string },
): HubClient {
  const { clock = systemClock } = deps;
  const http = createHttpClient(deps, options);
  const post = <Schema extends z.ZodType>(path: string, body: unknown, schema: Schema, token?: string) =>
    http.request(path, {
      ...{ method: "POST", body, schema },
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
  return {
    info: () => http.request("/.well-known/hanse-hub", { schema: hubInfoSchema }),
    keys: async () => keysOfJwks(await http.request("/v1/jwks.json", { schema: jwksSchema })),
    shops: (query = {}) => http.request(`/v1/shops${search(query)}`, { schema: shopPageSchema }),
    shop: (code) => http.request(`/v1/shops/${encodeURIComponent(code)}`, { schema: shopViewSchema }),
    async signIn(account) {
      const { nonce, domain, uri, chainId, statement } = await post("/v1/auth/nonce", {}, nonceSchema);
      assertOwn(options.baseUrl, domain, uri);
      const now = clock.now();
      const message = createLogInMessage({
        ...{ domain, uri, chainId, statement, nonce, address: account.address },
        ...{ issuedAt: new Date(now), expirationTime: new Date(now + LOG_IN_MS) },
      });
      const signature = await account.signMessage({ message });
      return await post("/v1/auth/sign-in", { message, signature }, sessionSchema);
    },
    refresh: (refreshToken) => post("/v1/auth/refresh", { refreshToken }, sessionSchema),
    signOut: async (refreshToken) => {
      await post("/v1/auth/sign-out", { refreshToken }, z.unknown());
    },
    join: (token, join) => post("/v1/shops/join", join, preparedSchema, token),
    leave: (token, code) => post(`/v1/shops/${code}/leave`, {}, preparedSchema, token),
    rotateKey: (token, code, rotation) =>
      post(`/v1/shops/${code}/rotate-key`, rotation, preparedSchema, token),
  };
}

/** A service must not have us sign a log-in to another, which it could then use there. */
function assertOwn(baseUrl: string, domain: string, uri: string): void {
  const own = new URL(baseUrl).host;
  if (domain === own && URL.parse(uri)?.host === own) return;
  throw new HanseError("HANSE_LOGIN_MISMATCH", `${own} asks for a log-in at ${domain}`, {
    details: { asked: own, domain, uri },
    hint: "Call the service by the URL at which it is known.",
  });
}

function search(query: ShopQuery): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
