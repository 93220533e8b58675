import type { Hex } from "viem";
import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { STATEMENT_PATH } from "#src/identity/statement.ts";

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 8_192;

/** What an endpoint says about itself, signed with a key if it has it; unverified. @throws HANSE_PEER_*, HANSE_ADDRESS_FORBIDDEN */
export async function fetchStatement(
  fetch: Fetch,
  endpoint: string,
  challenge: string,
  key: Hex,
): Promise<string> {
  const url = `${endpoint.replace(/\/+$/, "")}${STATEMENT_PATH}?challenge=${challenge}&key=${key}`;
  const place = placeOf("GET", url);
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    // The time limit covers the body too.
    const text = new TextDecoder().decode(await readLimited(response, MOST_BYTES));
    if (!response.ok) throw peerError(place, response, text);
    return text.trim();
  } catch (error) {
    throw transportError(place, error, TIMEOUT_MS);
  }
}
