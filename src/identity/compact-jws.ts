import { compactVerify, errors as joseErrors } from "jose";
import type { Hex } from "viem";
import { keyObjectOf, type ShopKey } from "./shop-key.ts";

/** A JWS in its compact form, signed with EdDSA: statements, grants, tokens. */
export function signCompact(
  key: ShopKey,
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
): string {
  const signed = `${encode({ alg: "EdDSA", ...header })}.${encode(payload)}`;
  return `${signed}.${Buffer.from(key.sign(Buffer.from(signed))).toString("base64url")}`;
}

/** What a JWS says of itself before anything is proved; undefined where it is none. */
export function peekCompact(
  jws: string,
): { readonly header: Record<string, unknown>; readonly payload: unknown } | undefined {
  const [header, payload, signature, ...more] = jws.split(".");
  if (!header || !payload || !signature || more.length > 0) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    return {
      header: parsed as Record<string, unknown>,
      payload: JSON.parse(Buffer.from(payload, "base64url").toString("utf8")),
    };
  } catch {
    return undefined;
  }
}

/**
 * Was it signed with this key, by EdDSA and as this type? What the header says of key and algorithm chooses nothing.
 */
export async function isSignedBy(jws: string, publicKey: Hex, type: string): Promise<boolean> {
  const key = keyObjectOf(publicKey);
  if (key === undefined) return false;
  try {
    const { protectedHeader } = await compactVerify(jws, key, { algorithms: ["EdDSA"] });
    // No extension: `b64` would have the payload read in another way than ours.
    return protectedHeader.typ === type && protectedHeader.crit === undefined;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return false;
    throw error;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}
