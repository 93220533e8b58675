import { HanseError } from "#src/kernel/errors.ts";

/** A signature in the form in which shops write them, read without a parser of structured fields. */
export interface UsualSignature {
  /** What was signed (RFC 9421, 2.5). */
  readonly base: Buffer;
  readonly signature: Buffer;
  readonly parameters: {
    readonly created: Date;
    readonly expires: Date;
    readonly nonce: string;
    readonly keyid: string;
    readonly alg: "ed25519";
    readonly tag: string;
  };
}

const INPUT =
  /^hanse=(\(([^()]*)\);created=([1-9]\d{0,10});expires=([1-9]\d{0,10});nonce="([\w+/=.~-]{1,128})";keyid="([\w:-]{1,80})";alg="ed25519";tag="([\w-]{1,40})")$/;
const SIGNATURE = /^hanse=:([A-Za-z0-9+/]{86}==):$/;

/**
 * Nearly every request of a shop looks alike, and parsing it as anything that RFC 9421 allows takes longer than checking its
 * signature. What is not exactly so, to the last character, is left to the parser.
 * @param components what has to be signed, in the order in which it is written
 * @param headers by lower-case names
 */
export function readUsualSignature(
  { method, url, headers }: { method: string; url: URL; headers: Readonly<Record<string, string>> },
  components: readonly string[],
): UsualSignature | undefined {
  const [, signatureParams, covered, created, expires, nonce, keyid, tag] =
    INPUT.exec(headers["signature-input"] ?? "") ?? [];
  const [, encoded] = SIGNATURE.exec(headers.signature ?? "") ?? [];
  if (nonce === undefined || keyid === undefined || tag === undefined || encoded === undefined)
    return undefined;
  if (covered !== components.map((name) => `"${name}"`).join(" ")) return undefined;
  const lines: string[] = [];
  for (const name of components) {
    const value = componentOf(name, method, url, headers);
    // Folded and exotic header values have rules of their own.
    if (value === undefined || !/^[\x20-\x7e]*$/.test(value)) return undefined;
    lines.push(`"${name}": ${value}`);
  }
  lines.push(`"@signature-params": ${signatureParams}`);
  return {
    base: Buffer.from(lines.join("\n")),
    signature: Buffer.from(encoded, "base64"),
    parameters: {
      ...{ created: new Date(Number(created) * 1_000), expires: new Date(Number(expires) * 1_000) },
      ...{ nonce, keyid, alg: "ed25519", tag },
    },
  };
}

function componentOf(
  name: string,
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
): string | undefined {
  switch (name) {
    case "@method":
      return method.toUpperCase();
    case "@authority":
      // `URL` has it in lower case, and without the scheme's own port.
      return url.host;
    case "@path":
      return url.pathname;
    case "@query":
      return url.search === "" ? "?" : url.search;
    default:
      if (name.startsWith("@")) throw new HanseError("HANSE_INTERNAL", `${name} is no component of ours`);
      return headers[name]?.trim();
  }
}
