/** What replaces a secret wherever one would have been shown. */
export const REDACTED = "[redacted]";

// Whole words only (camelCase, snake_case and kebab-case alike): "tokenAddress" of an ERC-20 must stay readable.
const secretWords =
  /(?:^|[_.-])(?:private_?key|password|passwd|passphrase|mnemonic|seed_?phrase|authorization|cookie|set_?cookie|secret|api_?key|access_?token|refresh_?token|upload_?token|bearer|jwt)$/;

// Greedy up to the last @ before a slash or space: a password may itself hold an @.
const urlCredentials = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>?#]+@/gi;
const queryCredentials = /([?&](?:api[-_]?key|key|token|access_token|password|secret)=)[^&\s"'#]+/gi;
const bearerCredentials = /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi;

/** Shorter texts are no secrets, and would be found within words. */
const SHORTEST_SECRET = 6;

/** What this process was told as a secret; longest first, since one may hold another. */
let secrets: readonly string[] = [];

/**
 * From now on this process shows none of these texts, whatever they stand in: logs, errors, answers. Of a URL it is the
 * credentials, and whatever in path and query is long enough to be a key.
 * @param whole whether the text is a secret as it is, and not only what it holds as a URL
 */
export function keepSecret(text: string, { whole }: { readonly whole: boolean }): void {
  // A key is the same without its prefix.
  const found = [...(whole ? [text, text.replace(/^0x/, "")] : []), ...secretsInUrl(text)].filter(
    ({ length }) => length >= SHORTEST_SECRET,
  );
  secrets = [...new Set([...secrets, ...found])].sort((a, b) => b.length - a.length);
}

/** A part of a path or query that is longer than a word: providers of nodes put their keys there. */
const KEY_LIKE = /^[\w~-]{20,}$/;

function secretsInUrl(text: string): string[] {
  const url = URL.parse(text);
  if (url === null) return [];
  const { username, password, pathname, searchParams } = url;
  const parts = [...pathname.split("/"), ...searchParams.values()].filter((part) => KEY_LIKE.test(part));
  const written = [password, ...(password === "" ? [] : [`${username}:${password}`]), ...parts];
  return [...written, ...written.map(decoded)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Does a field of this name hold a secret? */
export function isSecretName(name: string): boolean {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll("-", "_");
  return secretWords.test(snake);
}

/** Removes what was told as a secret, user names, passwords and keys from URLs, and bearer tokens, wherever they stand. */
export function redactText(text: string): string {
  return secrets
    .reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text)
    .replace(urlCredentials, `$1${REDACTED}@`)
    .replace(queryCredentials, `$1${REDACTED}`)
    .replace(bearerCredentials, `$1 ${REDACTED}`);
}

/**
 * A copy of plain data that is safe to log or send: secrets by field name and credentials in texts are replaced,
 * bigints become decimal strings, cycles and depth beyond `maxDepth` are cut. Objects that are not plain (requests,
 * sockets, buffers) are returned as they are: whoever writes them has a serializer for them.
 */
export function redact(value: unknown, maxDepth = 8): unknown {
  return copy(value, maxDepth, new Set());
}

function copy(value: unknown, depth: number, parents: Set<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  const prototype = Object.getPrototypeOf(value);
  const plain = prototype === Object.prototype || prototype === null;
  if (!plain && !Array.isArray(value)) return value;
  if (parents.has(value)) return "[circular]";
  if (depth <= 0) return "[deep]";
  parents.add(value);
  const result = Array.isArray(value)
    ? value.map((item) => copy(item, depth - 1, parents))
    : Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          isSecretName(name) && item !== undefined && item !== null
            ? REDACTED
            : copy(item, depth - 1, parents),
        ]),
      );
  parents.delete(value);
  return result;
}
