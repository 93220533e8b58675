import { hash, timingSafeEqual } from "node:crypto";

const ALGORITHMS = { "sha-256": "sha256", "sha-512": "sha512" } as const;

/** The `Content-Digest` (RFC 9530) of a body, by SHA-256. */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${hash("sha256", body, "base64")}:`;
}

/** Does a `Content-Digest` name this body, and no other in any of its parts? Unknown algorithms prove nothing. */
export function isDigestOf(header: string, body: string | Uint8Array): boolean {
  return header.split(",").every((part) => {
    const match = /^\s*(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):\s*$/.exec(part);
    if (match === null) return false;
    const [, name, encoded] = match;
    const found = hash(ALGORITHMS[name as keyof typeof ALGORITHMS], body, "buffer");
    const told = Buffer.from(encoded ?? "", "base64");
    return told.length === found.length && timingSafeEqual(told, found);
  });
}
