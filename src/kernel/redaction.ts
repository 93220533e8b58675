/** What replaces a secret wherever one would have been shown. */
export const REDACTED = "[redacted]";

// Whole words only (camelCase, snake_case and kebab-case alike): "tokenAddress" of an ERC-20 must stay readable.
const secretWords =
  /(?:^|[_.-])(?:private_?key|password|passwd|passphrase|mnemonic|seed_?phrase|authorization|cookie|set_?cookie|secret|api_?key|access_?token|refresh_?token|upload_?token|bearer|jwt)$/;

// Greedy up to the last @ before a slash or space: a password may itself hold an @.
const urlCredentials = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>?#]+@/gi;
const queryCredentials = /([?&](?:api[-_]?key|key|token|access_token|password|secret)=)[^&\s"'#]+/gi;
const bearerCredentials = /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi;

/** Does a field of this name hold a secret? */
export function isSecretName(name: string): boolean {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll("-", "_");
  return secretWords.test(snake);
}

/** Removes user names, passwords and keys from URLs, and bearer tokens, wherever they stand in a text. */
export function redactText(text: string): string {
  return text
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
