import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestShop } from "./test-shops.ts";

/** A signed request that a shop was sent, as anybody at the wire would write it down. */
export interface LedgerEntry {
  readonly partner: string;
  /** With what names products and orders left out. */
  readonly route: string;
  readonly status: number;
}

const SIGNED = /^\/(api\/v1|v1\/partnerships)\//;
const TEMPLATES: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/v1\/product\/[^/]+$/, "/api/v1/product/:id"],
  [/^\/api\/v1\/(reservations|quotes|order)\/[^/]+/, "/api/v1/$1/:id"],
];

/** Writes down what other shops ask of this one from now on; nothing of the shop's own counting is used. */
export function keepLedger({ server }: TestShop): readonly LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  server.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (!SIGNED.test(path)) return;
    const signer = /keyid="([A-Z0-9]+):/.exec(String(request.headers["signature-input"] ?? ""))?.[1] ?? "";
    const route = TEMPLATES.reduce((text, [pattern, template]) => text.replace(pattern, template), path);
    response.on("finish", () => entries.push({ partner: signer, route, status: response.statusCode }));
  });
  return entries;
}
