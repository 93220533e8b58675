import { randomBytes } from "node:crypto";
import { httpbis, type SignatureParameters } from "http-message-signatures";
import { type Hex, hexToBytes } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { contentDigest, isDigestOf } from "./content-digest.ts";
import { publicKeyFromBase64url, type ShopKey, verifySignature } from "./shop-key.ts";
import { readUsualSignature } from "./usual-signature.ts";

/** What of a request is signed. A body, where there is one, comes with a `content-type` among the headers. */
export interface SignedParts {
  readonly method: string;
  /** As it was asked for: scheme, authority, path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What a verifier knows, and nobody's message can tell it. */
export interface SignatureCheck {
  /** Is this key good for that shop's signatures now? */
  readonly isKeyOf: (code: string, publicKey: Hex) => Promise<boolean>;
  /** Notes a nonce, to be kept until `expires`. @returns false where it was seen before */
  readonly takeNonce: (code: string, nonce: string, expires: Date, created: Date) => Promise<boolean>;
  readonly clock: Pick<Clock, "now">;
  /** The verifier's own authority, such as `shop.example:8443`, where it is known: a request to another is refused. */
  readonly authority?: string;
  /** The verifier's own code: a request to another shop is refused, at whatever address it came. */
  readonly addressee: string;
}

/** Names the shop that a request is for, by its code. An address may be anybody's by tomorrow, and one may name another's. */
export const ADDRESSEE_HEADER = "hanse-to";

/** As whom a hub service signs: lower case, so that no shop has that code. */
export const HUB_SIGNER = "hub";

const TAG = "hanse";
const LABEL = "hanse";
/** Signed where they are sent: with another one, a request would be another. */
const SIGNED_WHERE_SENT = ["idempotency-key"];
const PARAMETERS = ["created", "expires", "nonce", "keyid", "alg", "tag"] as const;
/** For how long (seconds) a signature is good unless told. */
const LIFETIME_S = 60;
/** The longest (seconds) that is taken: for so long at most a nonce has to be kept. */
const LONGEST_LIFETIME_S = 300;
/** By how much (seconds) the signer's clock may be ahead. */
const SKEW_S = 30;

/**
 * Signs a request as RFC 9421 has it, with Ed25519.
 * @param to the code of the shop that it is for
 * @returns all headers to send: those given, with `hanse-to`, `content-digest` where there is a body, `signature-input` and
 * `signature`
 */
export async function signRequest(
  parts: SignedParts,
  signer: { readonly code: string; readonly key: ShopKey },
  to: string,
  options: { readonly clock?: Pick<Clock, "now">; readonly lifetimeS?: number; readonly nonce?: string } = {},
): Promise<Record<string, string>> {
  const {
    clock = systemClock,
    lifetimeS = LIFETIME_S,
    nonce = randomBytes(18).toString("base64url"),
  } = options;
  const { method, url } = parts;
  const headers = lowerCased(parts.headers);
  headers[ADDRESSEE_HEADER] = to;
  if (hasBody(parts)) headers["content-digest"] = contentDigest(parts.body);
  const created = new Date(clock.now());
  const { code, key } = signer;
  const publicKey = Buffer.from(hexToBytes(key.publicKey)).toString("base64url");
  const signed = await httpbis.signMessage(
    {
      key: { sign: async (data) => Buffer.from(key.sign(data)) },
      name: LABEL,
      params: [...PARAMETERS],
      paramValues: {
        ...{ created, expires: new Date(created.getTime() + lifetimeS * 1000), nonce },
        ...{ keyid: `${code}:${publicKey}`, alg: "ed25519", tag: TAG },
      },
      fields: requiredComponents({ ...parts, headers }),
    },
    { method, url, headers },
  );
  // The library writes the names of its own headers in upper case.
  return lowerCased(signed.headers as Record<string, string>);
}

/**
 * Verifies a request that somebody says a shop sent.
 *
 * The cheap and the harmless come first: a nonce is taken only once all else is good, so that nobody but the shop can use
 * one up.
 * @returns who signed it, with which key
 * @throws HANSE_SIGNATURE_MISSING, HANSE_SIGNATURE_MALFORMED, HANSE_SIGNATURE_COMPONENT_MISSING,
 * HANSE_SIGNATURE_AUTHORITY_MISMATCH, HANSE_SIGNATURE_ADDRESSEE_MISMATCH, HANSE_SIGNATURE_NOT_YET_VALID,
 * HANSE_SIGNATURE_EXPIRED, HANSE_SIGNATURE_TOO_LONG_LIVED, HANSE_SIGNATURE_DIGEST_MISMATCH, HANSE_SIGNATURE_INVALID, HANSE_SIGNATURE_KEY_UNKNOWN, HANSE_SIGNATURE_REPLAYED
 */
export async function verifyRequest(
  parts: SignedParts,
  check: SignatureCheck,
): Promise<{ readonly code: string; readonly publicKey: Hex }> {
  const headers = lowerCased(parts.headers);
  checkHeaders(headers);
  const url = checkTarget(parts.url, check.authority);
  checkAddressee(headers[ADDRESSEE_HEADER], check.addressee);
  const { code, publicKey, nonce, created, expires, wrong } = await readSignature(
    { ...parts, headers },
    url,
    check.clock,
  );
  if (hasBody(parts) || headers["content-digest"] !== undefined) {
    if (!isDigestOf(headers["content-digest"] ?? "", parts.body ?? "")) {
      throw refusal("DIGEST_MISMATCH", "The body is not the one that was signed", { code });
    }
  }
  if (wrong) throw refusal("INVALID", `The request is not as ${code} signed it`, { code });
  if (!(await check.isKeyOf(code, publicKey))) {
    throw refusal("KEY_UNKNOWN", `The request is signed with a key that is not ${code}'s now`, {
      code,
      publicKey,
    });
  }
  if (!(await check.takeNonce(code, nonce, expires, created))) {
    throw refusal("REPLAYED", `This request of ${code} was taken already`, { code });
  }
  return { code, publicKey };
}

interface ReadSignature {
  readonly code: string;
  readonly publicKey: Hex;
  readonly nonce: string;
  readonly created: Date;
  readonly expires: Date;
  readonly wrong: boolean;
}

/**
 * Reads what was signed. What is not written as we write it, the library parses and rebuilds; the times it would compare with the
 * machine's clock are ours.
 */
async function readSignature(
  parts: SignedParts,
  url: URL,
  clock: Pick<Clock, "now">,
): Promise<ReadSignature> {
  const required = requiredComponents(parts);
  const usual = readUsualSignature({ ...parts, url }, required);
  if (usual !== undefined) {
    const values = checkParameters(usual.parameters, clock);
    return { ...values, wrong: !(await verifySignature(values.publicKey, usual.base, usual.signature)) };
  }
  const covered = new Set<string>();
  let read: ReadSignature | undefined;
  try {
    await httpbis.verifyMessage(
      {
        tolerance: Number.MAX_SAFE_INTEGER,
        notAfter: Number.MAX_SAFE_INTEGER,
        componentParser(name, parameters) {
          // `"@method";req` or `"content-digest";key="…"` would cover something else under the same name.
          if (parameters.size > 0) throw malformed(`the component ${name} has parameters`);
          covered.add(name);
          return null;
        },
        async keyLookup(parameters) {
          const values = checkParameters(parameters, clock);
          return {
            algs: ["ed25519"],
            async verify(data, signature) {
              const good = await verifySignature(values.publicKey, data, signature);
              read = { ...values, wrong: !good };
              return good;
            },
          };
        },
      },
      { method: parts.method, url: parts.url, headers: { ...parts.headers } },
    );
  } catch (error) {
    if (error instanceof HanseError) throw error;
    throw malformed("it cannot be read", error);
  }
  if (read === undefined) throw malformed("it cannot be read");
  const missing = required.find((name) => !covered.has(name));
  // The whole target says what path and query say.
  if (missing !== undefined && !(isPartOfTarget(missing) && covered.has("@target-uri"))) {
    throw refusal("COMPONENT_MISSING", `${missing} is not signed`, { component: missing });
  }
  return read;
}

/** @param parts with lower-case names of headers */
function requiredComponents(parts: SignedParts): string[] {
  const sent = SIGNED_WHERE_SENT.filter((name) => parts.headers[name] !== undefined);
  const always = ["@method", "@authority", "@path", "@query", ADDRESSEE_HEADER, ...sent];
  return hasBody(parts) ? [...always, "content-digest", "content-type"] : always;
}

function isPartOfTarget(component: string): boolean {
  return component === "@path" || component === "@query";
}

function hasBody<Parts extends SignedParts>(
  parts: Parts,
): parts is Parts & { readonly body: string | Uint8Array } {
  return parts.body !== undefined && parts.body.length > 0;
}

/** There is one signature, so that it is clear which of them was verified. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const { signature, "signature-input": input } = headers;
  if (signature === undefined || input === undefined) {
    throw refusal("MISSING", "The request is not signed");
  }
  for (const [text, start] of [
    [signature, /(?:^|,)\s*[a-z*][a-z0-9_.*-]*=:/g],
    [input, /(?:^|,)\s*[a-z*][a-z0-9_.*-]*=\(/g],
  ] as const) {
    if (text.match(start)?.length !== 1) throw malformed("there is not exactly one");
  }
}

/** The target has to be written the one way in which it is signed: what routes it must not read another path. */
function checkTarget(url: string, authority: string | undefined): URL {
  const parsed = URL.parse(url);
  const written = /^https?:\/\/[^/?#]*(.*)$/i.exec(url)?.[1];
  if (parsed === null || (written !== `${parsed.pathname}${parsed.search}` && written !== "")) {
    throw malformed("the target is not written as it is signed");
  }
  if (authority !== undefined && parsed.host !== authority.toLowerCase()) {
    throw refusal("AUTHORITY_MISMATCH", `The request is for ${parsed.host}, not for ${authority}`, {
      asked: parsed.host,
      authority,
    });
  }
  return parsed;
}

function checkAddressee(to: string | undefined, addressee: string): void {
  if (to === undefined) {
    throw refusal("COMPONENT_MISSING", `The request does not say that it is for ${addressee}`, {
      component: ADDRESSEE_HEADER,
    });
  }
  if (to !== addressee) {
    throw refusal("ADDRESSEE_MISMATCH", `The request is for ${to}, not for ${addressee}`, { to, addressee });
  }
}

function checkParameters(parameters: SignatureParameters, clock: Pick<Clock, "now">) {
  const { keyid, nonce, tag, alg } = parameters;
  // The library hands on what was written under these names, whatever type it has.
  const [created, expires] = [parameters.created, parameters.expires].map((value: unknown) =>
    value instanceof Date ? value.getTime() / 1000 : value,
  );
  const [, code, encoded] = /^([A-Z][A-Z0-9]{1,7}|hub):([\w-]{43})$/.exec(textOf(keyid)) ?? [];
  const publicKey = publicKeyFromBase64url(encoded ?? "");
  if (code === undefined || publicKey === undefined) throw malformed("keyid is not CODE:key");
  if (tag !== TAG) throw malformed(`its tag is not ${TAG}`);
  if (alg !== undefined && alg !== "ed25519") throw malformed("alg is not ed25519");
  if (typeof nonce !== "string" || !/^[\w+/=.~-]{16,128}$/.test(nonce)) {
    throw malformed("nonce is not 16 to 128 characters");
  }
  if (!isSeconds(created) || !isSeconds(expires) || created >= expires) {
    throw malformed("created and expires are no times, one after the other");
  }
  const now = clock.now() / 1000;
  const details = { code, created, expires, now };
  if (created > now + SKEW_S) throw refusal("NOT_YET_VALID", "The signature is from the future", details);
  if (expires <= now) throw refusal("EXPIRED", "The signature is good no more", details);
  if (expires - created > LONGEST_LIFETIME_S) {
    throw refusal(
      "TOO_LONG_LIVED",
      `The signature is good for more than ${LONGEST_LIFETIME_S} seconds`,
      details,
    );
  }
  return { code, publicKey, nonce, created: new Date(created * 1000), expires: new Date(expires * 1000) };
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < 1e11;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** @throws HANSE_SIGNATURE_MALFORMED where a header stands twice in two ways of writing: which of them is used is unclear */
function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (Object.hasOwn(result, lower)) throw malformed(`${lower} stands twice`);
    result[lower] = value;
  }
  return result;
}

type Reason =
  | "MISSING"
  | "MALFORMED"
  | "COMPONENT_MISSING"
  | "AUTHORITY_MISMATCH"
  | "ADDRESSEE_MISMATCH"
  | "NOT_YET_VALID"
  | "EXPIRED"
  | "TOO_LONG_LIVED"
  | "DIGEST_MISMATCH"
  | "INVALID"
  | "KEY_UNKNOWN"
  | "REPLAYED";

function refusal(reason: Reason, text: string, details: Record<string, unknown> = {}): HanseError {
  return new HanseError(`HANSE_SIGNATURE_${reason}`, text, { details });
}

function malformed(reason: string, cause?: unknown): HanseError {
  return new HanseError(
    "HANSE_SIGNATURE_MALFORMED",
    `The request's signature is malformed: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
