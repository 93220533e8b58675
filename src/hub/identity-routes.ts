import { type HubInfo, hubInfoSchema, jwksSchema } from "#src/client/hub-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { publicJwk } from "#src/identity/shop-key.ts";

/** Who this service is, and with which key it signs. */
export function registerIdentityRoutes(server: HttpServer, info: HubInfo): void {
  const jwk = { ...publicJwk(info.key), use: "sig", alg: "EdDSA" } as const;
  server.get(
    "/.well-known/hanse-hub",
    {
      schema: { summary: "What this hub service is", response: { 200: hubInfoSchema, 429: errorBodySchema } },
    },
    () => info,
  );
  server.get(
    "/v1/jwks.json",
    {
      schema: {
        summary: "The keys with which this service signs",
        response: { 200: jwksSchema, 429: errorBodySchema },
      },
    },
    () => ({ keys: [jwk] }),
  );
}
