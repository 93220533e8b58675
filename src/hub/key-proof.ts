import { randomBytes } from "node:crypto";
import type { Address, Hex } from "viem";
import { fetchStatement } from "#src/client/fetch-statement.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { verifyStatement } from "#src/identity/statement.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { HubChain } from "./hub-chain.ts";

export interface ClaimedShop {
  readonly owner: Address;
  readonly code: string;
  readonly key: Hex;
  readonly endpoint: string;
}

/**
 * Has whoever answers at a shop's endpoint sign a challenge with the shop's key, for this Hub and owner.
 * @throws HANSE_STATEMENT_*, HANSE_ADDRESS_FORBIDDEN, HANSE_PEER_*
 */
export type ProveKey = (shop: ClaimedShop) => Promise<void>;

/** @param deps `fetch`: guarded, for the asker chooses the endpoint */
export function createKeyProof(deps: {
  readonly chain: Pick<HubChain, "chainId" | "hub">;
  readonly fetch: Fetch;
  readonly clock?: Clock;
}): ProveKey {
  const { chain, fetch, clock = systemClock } = deps;
  return async ({ owner, code, key, endpoint }) => {
    const challenge = randomBytes(24).toString("base64url");
    // Which key is asked for: a shop that rotates has two.
    const statement = await fetchStatement(fetch, endpoint, challenge, key);
    const { chainId, hub } = chain;
    await verifyStatement(statement, { chainId, hub, owner, code, key, endpoint, challenge }, clock);
  };
}

/**
 * An endpoint as it is written in the Hub and in statements: https, or http in development, of scheme, host and port alone. What
 * lies below a path cannot be told from what a proxy makes of it, and a signature is over the path.
 * @throws HANSE_REQUEST_INVALID
 */
export function assertEndpoint(endpoint: string, { allowHttp }: { readonly allowHttp: boolean }): void {
  const url = URL.parse(endpoint);
  const schemes = allowHttp ? ["https:", "http:"] : ["https:"];
  const plain =
    url !== null &&
    schemes.includes(url.protocol) &&
    url.username === "" &&
    url.password === "" &&
    /^https?:\/\/[^/?#\s]+$/i.test(endpoint) &&
    Buffer.byteLength(endpoint) <= 256;
  if (plain) return;
  throw new HanseError("HANSE_REQUEST_INVALID", `${endpoint} is no endpoint of a shop`, {
    hint: `Give ${allowHttp ? "an http or" : "an"} https URL of scheme, host and port alone, without credentials and path, of at most 256 bytes.`,
  });
}
