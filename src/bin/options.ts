import { type Hex, isAddress, isHex } from "viem";
import { z } from "zod";
import { defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption, portOption, wholeNumberOption } from "#src/kernel/config-types.ts";

// Options that several services share. Each service composes its own set in `bin/start-<service>.ts`.

export const bytes32 = z
  .string()
  .refine((text) => isHex(text) && text.length === 66, "not 0x and 64 hex digits")
  .transform((text) => text as Hex);

export const address = z
  .string()
  .refine((text) => isAddress(text, { strict: false }), "not an address")
  .transform((text) => text as Hex);

export const logLevel = defineOption({
  schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
  env: "HANSE_LOG_LEVEL",
  doc: "how much is logged: fatal, error, warn, info, debug, trace or silent",
  default: "info",
});

export const rpcUrl = defineOption({
  schema: listOption().pipe(z.array(httpUrlOption()).min(1)),
  env: "HANSE_RPC_URL",
  doc: "the RPC endpoint of the chain, an http URL; or several, separated by commas, of which a majority is believed; http://127.0.0.1:8545 unless told",
  default: ["http://127.0.0.1:8545"],
  secret: true,
});

export const deployment = defineOption({
  schema: z.string().min(1),
  env: "HANSE_DEPLOYMENT",
  doc: "path to the deployment manifest that `scripts/deploy` wrote",
  default: ".hanse/up/deployment.json",
  path: true,
});

export const databaseUrl = defineOption({
  schema: z.string().min(1),
  env: "DATABASE_URL",
  doc: "connection string of PostgreSQL",
  secret: true,
});

export const privateKey = defineOption({
  schema: bytes32,
  env: "HANSE_PRIVATE_KEY",
  doc: "the key this service signs and sends transactions with, 0x and 64 hex digits; or give HANSE_KEYSTORE",
  secret: true,
});

export const host = defineOption({
  schema: z.string().min(1),
  env: "HANSE_HOST",
  doc: "address to listen on",
  default: "127.0.0.1",
});

export function port(fallback: number) {
  return defineOption({
    schema: portOption(),
    env: "HANSE_PORT",
    doc: "port to listen on; 0 takes any free one",
    default: fallback,
  });
}

export const poolId = defineOption({
  schema: bytes32,
  env: "HANSE_POOL",
  doc: "the pool's id in the registry, 0x and 64 hex digits",
});

export const stateDir = defineOption({
  schema: z.string().min(1),
  env: "HANSE_STATE_DIR",
  doc: "folder for what this service keeps",
  path: true,
});

export const contentSources = defineOption({
  schema: listOption().pipe(z.array(httpUrlOption())),
  env: "HANSE_CONTENT_SOURCES",
  doc: "base URLs of content services to ask, separated by commas",
  default: [],
});

export const uploadToken = defineOption({
  schema: z.string().min(16).optional(),
  env: "HANSE_UPLOAD_TOKEN",
  doc: "bearer token that uploads to the content service need; without one anybody who reaches it may upload",
  secret: true,
});

export const pollMs = defineOption({
  schema: wholeNumberOption({ min: 50, max: 60_000 }),
  env: "HANSE_POLL_MS",
  doc: "time between two looks at the chain, in milliseconds",
  default: 500,
});

export const trustProxy = defineOption({
  schema: listOption(),
  env: "HANSE_TRUST_PROXY",
  doc: "addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas; none, and a caller's address is the connection's own",
  default: [],
});
