// Spawned by embedded-postgres.test.ts, to be killed: starts PostgreSQL in a directory, says how to reach it, and stays.
import { createLogger } from "#src/kernel/logger.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";

const logger = createLogger({ service: "owner", level: "silent" });
const postgres = await startEmbeddedPostgres({ logger }, { directory: process.argv[2] ?? "" });
process.stdout.write(`${JSON.stringify({ url: postgres.url, pid: postgres.pid })}\n`);
if (process.argv[3] === "exit") process.exit(0);
setInterval(() => undefined, 1_000);
