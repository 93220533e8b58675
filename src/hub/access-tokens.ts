import { randomUUID } from "node:crypto";
import { type Address, getAddress } from "viem";
import { z } from "zod";
import { isSignedBy, peekCompact, signCompact } from "#src/identity/compact-jws.ts";
import { publicJwk, type ShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** Whose request it is, and in which session. */
export interface Caller {
  readonly account: Address;
  readonly session: string;
}

/** Short-lived tokens that the service signs for itself: JWTs (EdDSA). */
export interface AccessTokens {
  issue(caller: Caller): { readonly token: string; readonly expiresAt: Date };
  /** @throws HANSE_UNAUTHORIZED, without saying why: whoever has a good one does not have to know */
  verify(authorization: string | undefined): Promise<Caller>;
}

const TYPE = "hanse-access+jwt";
const LIFETIME_S = 600;

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform((text) => getAddress(text)),
  sid: z.uuid(),
  iat: z.number().int(),
  exp: z.number().int(),
});

/** @param options `url`: where the service is known; issuer and audience */
export function createAccessTokens(
  deps: { readonly key: ShopKey; readonly clock?: Clock },
  { url }: { readonly url: string },
): AccessTokens {
  const { key, clock = systemClock } = deps;
  const header = { typ: TYPE, kid: publicJwk(key.publicKey).kid };
  return {
    issue({ account, session }) {
      const iat = Math.floor(clock.now() / 1000);
      const exp = iat + LIFETIME_S;
      const claims = { iss: url, aud: url, sub: account, sid: session, jti: randomUUID(), iat, exp };
      return { token: signCompact(key, header, claims), expiresAt: new Date(exp * 1000) };
    },

    async verify(authorization) {
      const token = /^Bearer ([\w.-]{1,2000})$/i.exec(authorization ?? "")?.[1] ?? "";
      const parsed = claimsSchema.safeParse(peekCompact(token)?.payload);
      if (!parsed.success || !(await isSignedBy(token, key.publicKey, TYPE))) throw unauthorized();
      const { iss, aud, sub, sid, iat, exp } = parsed.data;
      const now = clock.now() / 1000;
      if (iss !== url || aud !== url || exp <= now || iat > now + 1) throw unauthorized();
      return { account: sub, session: sid };
    },
  };
}

export function unauthorized(): HanseError {
  return new HanseError("HANSE_UNAUTHORIZED", "This needs a good access token", {
    hint: "Sign in, or refresh the session, and send the access token as `Authorization: Bearer`.",
  });
}
