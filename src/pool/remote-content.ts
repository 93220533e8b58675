import type { Hex } from "viem";
import { contentUrl } from "#src/content/content-url.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { placeOf, transportError } from "#src/http/peer-error.ts";
import { HanseError } from "#src/kernel/errors.ts";

const TIMEOUT_MS = 10_000;

/**
 * Asks a content service whether it has something, without fetching it.
 * @throws HANSE_PEER_UNREACHABLE, HANSE_PEER_TIMED_OUT, HANSE_PEER_FAILED: it could not be asked
 */
export function createContentProbe(
  base: string,
  fetch: Fetch = globalThis.fetch,
): (address: Hex) => Promise<boolean> {
  return async (address) => {
    const url = contentUrl(base, address);
    const place = placeOf("HEAD", url);
    const response = await fetch(url, {
      method: "HEAD",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw transportError(place, error, TIMEOUT_MS);
    });
    if (response.ok) return true;
    if (response.status === 404) return false;
    throw new HanseError("HANSE_PEER_FAILED", `${place} answered ${response.status}`, { details: { place } });
  };
}
