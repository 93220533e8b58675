import { createHash, timingSafeEqual } from "node:crypto";

/** Tells whether an Authorization header carries a bearer token. */
export type BearerCheck = (authorization: string | undefined) => boolean;

export function createBearerCheck(token: string): BearerCheck {
  const expected = digestOf(token);
  return (authorization) => {
    const given = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1] ?? "";
    // Compared as digests: equal lengths, and time that tells nothing about the token.
    return timingSafeEqual(digestOf(given), expected);
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
