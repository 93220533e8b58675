import { lookup as resolveName } from "node:dns";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { HanseError } from "#src/kernel/errors.ts";
import type { Fetch } from "./http-client.ts";
import { isPrivateAddress } from "./private-address.ts";

export interface GuardedFetchOptions {
  /** Lets private and loopback addresses pass: for a federation on one machine or network. */
  readonly allowPrivate?: boolean;
}

/**
 * A fetch for addresses that strangers chose (endpoints of shops, webhooks, actors): http and https only, no
 * credentials in the URL, no redirects followed, and only public addresses. The address is checked where the
 * connection is made, not before, so a name that changes its answer in between gains nothing.
 * Takes bodies as text or bytes. Give it to `createHttpClient`, which adds the limits.
 * @throws HanseError HANSE_ADDRESS_FORBIDDEN
 */
export function createGuardedFetch({ allowPrivate = false }: GuardedFetchOptions = {}): Fetch {
  // Agents of our own: a pooled connection was made under this guard and no other.
  const agents = {
    "http:": new HttpAgent({ keepAlive: true }),
    "https:": new HttpsAgent({ keepAlive: true }),
  };
  const lookup = allowPrivate ? (resolveName as LookupFunction) : publicLookup;

  return async (url, init) => {
    const target = checkedUrl(url, allowPrivate);
    const secure = target.protocol === "https:";
    const body = bodyOf(init.body);
    const headers = Object.fromEntries(new Headers(init.headers));
    if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (secure ? httpsRequest : httpRequest)(
      target,
      {
        method: init.method ?? "GET",
        headers,
        lookup,
        agent: secure ? agents["https:"] : agents["http:"],
        ...(init.signal ? { signal: init.signal } : {}),
      },
      resolve,
    );
    // The platform's fetch rejects with the signal's reason; ours has to look the same to its callers.
    request.on("error", (error) => reject(init.signal?.aborted ? init.signal.reason : error));
    request.end(body);
    return asResponse(await promise, target, init.redirect);
  };
}

function checkedUrl(url: string, allowPrivate: boolean): URL {
  const target = URL.parse(url);
  if (target === null || (target.protocol !== "http:" && target.protocol !== "https:")) {
    throw forbidden("Only http and https URLs may be called", target?.protocol ?? "no URL");
  }
  if (target.username !== "" || target.password !== "")
    throw forbidden("A URL with credentials may not be called", target.host);
  const host = target.hostname.replace(/^\[|\]$/g, "");
  // A literal address is never looked up, so the lookup cannot catch it.
  if (!allowPrivate && isIP(host) !== 0 && isPrivateAddress(host))
    throw forbidden(`${host} is no public address`, host);
  return target;
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, "");
    // One private answer among public ones is reason enough: which one is used is not ours to choose.
    const inside = addresses.find(({ address }) => isPrivateAddress(address));
    const first = addresses[0];
    if (inside || first === undefined) {
      return callback(forbidden(`${hostname} leads to no public address`, hostname), "");
    }
    if (options.all) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

function asResponse(message: IncomingMessage, target: URL, redirect: RequestInit["redirect"]): Response {
  const status = message.statusCode ?? 500;
  if (redirect !== "manual" && status >= 300 && status < 400 && message.headers.location !== undefined) {
    message.destroy();
    throw new HanseError("HANSE_PEER_REFUSED", `${target.origin} redirects, which is not followed`, {
      details: { status, origin: target.origin },
    });
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (status === 204 || status === 304) {
    message.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, { status, headers });
}

function bodyOf(body: RequestInit["body"]): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  throw new HanseError("HANSE_INTERNAL", "The guarded fetch takes bodies as text or bytes");
}

function forbidden(text: string, host: string): HanseError {
  return new HanseError("HANSE_ADDRESS_FORBIDDEN", text, { details: { host } });
}
