import type { FastifyInstance, FastifyRequest } from "fastify";
import type { HttpServer } from "#src/http/server.ts";
import { type SignatureCheck, verifyRequest } from "#src/identity/http-signature.ts";
import { HanseError } from "#src/kernel/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The body as it came, where routes need what was signed. */
    signedBody?: string;
    /** Who signed the request. */
    shopCode?: string;
  }
}

/** Who signed this request; only behind `requireShop`. */
export function signerOf(request: FastifyRequest): string {
  if (request.shopCode === undefined)
    throw new HanseError("HANSE_INTERNAL", "The route does not check signatures");
  return request.shopCode;
}

/** Keeps JSON bodies as they came, beside what they say, on a part of a server whose requests are signed. */
export function keepSignedBodies(scope: HttpServer): void {
  const plain = scope as unknown as FastifyInstance;
  plain.removeContentTypeParser("application/json");
  plain.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    request.signedBody = body as string;
    try {
      done(null, JSON.parse(body as string));
    } catch (error) {
      done(new HanseError("HANSE_REQUEST_INVALID", "The body is not JSON", { cause: error }));
    }
  });
}

/**
 * A hook that lets only requests in that a shop signed: for this shop, at its own address, the whole target, the body.
 * @param check whose key is good, and for which shop
 * @param origin under which others reach this shop: scheme and authority
 * @throws HANSE_SIGNATURE_*, as `verifyRequest`
 */
export function createShopCheck(check: SignatureCheck, origin: string) {
  const authority = new URL(origin).host;
  const scheme = new URL(origin).protocol;
  return async (request: FastifyRequest): Promise<void> => {
    const headers: Record<string, string> = {};
    for (const [name, values] of Object.entries(request.raw.headersDistinct)) {
      headers[name] = (values ?? []).join(", ");
    }
    const { code } = await verifyRequest(
      {
        method: request.method,
        // Whatever stands between us and the caller may have another idea of the scheme; the host is compared.
        url: `${scheme}//${headers.host ?? authority}${request.raw.url ?? "/"}`,
        headers,
        ...(request.signedBody === undefined ? {} : { body: request.signedBody }),
      },
      { ...check, authority },
    );
    request.shopCode = code;
  };
}
