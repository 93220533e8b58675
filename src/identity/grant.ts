import type { Hex } from "viem";
import { z } from "zod";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { isShopCode } from "#src/protocol/shop-code.ts";
import { isSignedBy, peekCompact, signCompact } from "./compact-jws.ts";
import { publicJwk, publicKeyFromBase64url, type ShopKey } from "./shop-key.ts";

/** What one shop may let another do. */
export const RIGHTS = ["earn-commission", "share-inventory", "share-data", "co-promote", "sell"] as const;
export type Right = (typeof RIGHTS)[number];

/** What the granter signed, and nothing beside it: one direction, for one other, until a time. */
export interface Grant {
  /** The granter's code. */
  readonly iss: string;
  /** The grantee's. */
  readonly aud: string;
  /** Its own name, by which it can be revoked. */
  readonly jti: string;
  /** Seconds since 1970. */
  readonly iat: number;
  /** Seconds since 1970; from then on it is good no more. */
  readonly exp: number;
  readonly rights: readonly Right[];
}

const TYPE = "hanse-grant+jwt";
/** By how much (seconds) clocks may differ. */
const SKEW_S = 30;

const code = z.string().refine(isShopCode);
const seconds = z.number().int().nonnegative();
const grantSchema = z
  .object({
    iss: code,
    aud: code,
    jti: z.string().regex(/^[\w.~-]{8,128}$/),
    iat: seconds,
    exp: seconds,
    rights: z.array(z.enum(RIGHTS)).refine((rights) => new Set(rights).size === rights.length),
  })
  .refine(({ iss, aud, iat, exp }) => iss !== aud && iat < exp);
const jwkSchema = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() });

/**
 * @returns a JWT
 * @throws HANSE_GRANT_MALFORMED where nobody would take it
 */
export async function signGrant(key: ShopKey, grant: Grant): Promise<string> {
  return signCompact(key, { typ: TYPE, jwk: publicJwk(key.publicKey) }, parse(grant));
}

/**
 * The key in a grant's header only says which of the granter's keys to try.
 * @param isKeyOfIssuer whether a key is good for the shop that the grant names as its granter, now
 * @throws HANSE_GRANT_MALFORMED, HANSE_GRANT_WRONG_ISSUER, HANSE_GRANT_WRONG_AUDIENCE, HANSE_GRANT_NOT_YET_VALID,
 * HANSE_GRANT_EXPIRED, HANSE_GRANT_SIGNATURE_INVALID, HANSE_GRANT_KEY_UNKNOWN
 */
export async function verifyGrant(
  jwt: string,
  isKeyOfIssuer: (publicKey: Hex, iss: string) => Promise<boolean>,
  expected: { readonly iss?: string; readonly aud: string },
  clock: Pick<Clock, "now">,
): Promise<Grant> {
  const peeked = peekCompact(jwt);
  const jwk = jwkSchema.safeParse(peeked?.header.jwk);
  const publicKey = jwk.success ? publicKeyFromBase64url(jwk.data.x) : undefined;
  if (publicKey === undefined) throw malformed("it does not name the key it is signed with");
  const grant = parse(peeked?.payload);
  const { iss, aud, iat, exp } = grant;
  if (expected.iss !== undefined && iss !== expected.iss) {
    throw new HanseError("HANSE_GRANT_WRONG_ISSUER", `The grant is ${iss}'s, not ${expected.iss}'s`, {
      details: { iss, expected: expected.iss },
    });
  }
  if (aud !== expected.aud) {
    throw new HanseError("HANSE_GRANT_WRONG_AUDIENCE", `The grant is for ${aud}, not for ${expected.aud}`, {
      details: { aud, expected: expected.aud },
    });
  }
  const now = Math.floor(clock.now() / 1000);
  if (iat > now + SKEW_S) {
    throw new HanseError("HANSE_GRANT_NOT_YET_VALID", "The grant is from the future", {
      details: { iat, now },
    });
  }
  if (exp <= now) {
    throw new HanseError("HANSE_GRANT_EXPIRED", "The grant is good no more", { details: { exp, now } });
  }
  if (!(await isSignedBy(jwt, publicKey, TYPE))) {
    throw new HanseError("HANSE_GRANT_SIGNATURE_INVALID", `The grant of ${iss} is not signed as it says`);
  }
  if (!(await isKeyOfIssuer(publicKey, iss))) {
    throw new HanseError("HANSE_GRANT_KEY_UNKNOWN", `The grant is signed with a key that is not ${iss}'s`, {
      details: { iss, publicKey },
    });
  }
  return grant;
}

function parse(value: unknown): Grant {
  const parsed = grantSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(z.prettifyError(parsed.error));
}

function malformed(reason: string): HanseError {
  return new HanseError("HANSE_GRANT_MALFORMED", `This is no grant: ${reason}`);
}
