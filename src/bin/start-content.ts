import { join } from "node:path";
import { registerContentMetrics } from "#src/content/content-metrics.ts";
import { registerContentService } from "#src/content/content-service.ts";
import type { ContentStore } from "#src/content/content-store.ts";
import { keepSweeping } from "#src/content/content-sweeper.ts";
import { createContentUploads } from "#src/content/content-uploads.ts";
import { createFileClaimJournal } from "#src/content/file-claim-journal.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { createKeptContent } from "#src/content/kept-content.ts";
import { createS3Client } from "#src/content/s3-client.ts";
import { createS3ContentStore } from "#src/content/s3-content-store.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import type { ConfigOf, ConfigSources } from "#src/kernel/config.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { contentOptions } from "./content-options.ts";
import { runService } from "./run-service.ts";

export { contentOptions };

const HOUR_MS = 3_600_000;

/** `hanse content start`: keeps and serves content by its hash. */
export async function startContent(sources: ConfigSources): Promise<void> {
  await runService("content", contentOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const { stateDir, maxBytes, quotaBytes, uploadToken, uploaderQuotaBytes } = config;
    // Claims and uploads belong to one process.
    const lock = await lockDirectory(stateDir);
    shutdown.add("lock", () => lock.release());
    const store = await openStore(config);
    const kept = await createKeptContent(
      { store, journal: createFileClaimJournal(join(stateDir, "claims.jsonl")) },
      {
        retentionMs: config.retentionDays * 24 * HOUR_MS,
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
      },
    );
    const uploads = await createContentUploads(
      { kept },
      { directory: join(stateDir, "uploads"), maxBytes, expiryMs: config.uploadExpiryHours * HOUR_MS },
    );
    registerContentMetrics(metrics, kept);
    const server = await createServer(
      { logger, metrics },
      {
        name: "content",
        // Uploads may be large and lines slow.
        requestTimeoutMs: 600_000,
        ready: { store: () => store.has(`0x${"0".repeat(64)}`).then(() => true) },
      },
    );
    await registerContentService(
      server,
      { kept, uploads },
      {
        uploadTokens: config.uploadTokens,
        ...(uploadToken === undefined ? {} : { uploadToken }),
        ...(uploaderQuotaBytes === undefined ? {} : { uploaderQuotaBytes }),
      },
    );
    shutdown.add("server", () => server.close());
    const sweeping = keepSweeping(
      { kept, uploads, logger },
      { removeExpired: config.sweep === "always" },
      shutdown.signal,
    );
    shutdown.add("sweeper", () => sweeping);
    const { url } = await listen(server, config);
    logger.info({ url, backend: config.backend }, "content service is up");
    return {};
  });
}

async function openStore(config: ConfigOf<typeof contentOptions>): Promise<ContentStore> {
  const { backend, stateDir, maxBytes } = config;
  if (backend === "file") return createFileContentStore({ directory: stateDir, maxBytes });
  const { s3Endpoint, s3Region, s3Bucket, s3Prefix, s3AccessKeyId, s3SecretAccessKey } = config;
  if (!s3Endpoint || !s3Bucket || !s3AccessKeyId || !s3SecretAccessKey) {
    throw new HanseError(
      "HANSE_CONFIG_INVALID",
      "HANSE_CONTENT_BACKEND is s3, which needs HANSE_S3_ENDPOINT, HANSE_S3_BUCKET, HANSE_S3_ACCESS_KEY_ID and HANSE_S3_SECRET_ACCESS_KEY",
    );
  }
  const client = createS3Client({
    ...{ endpoint: s3Endpoint, region: s3Region, bucket: s3Bucket },
    ...{ accessKeyId: s3AccessKeyId, secretAccessKey: s3SecretAccessKey },
  });
  return createS3ContentStore({ client }, { prefix: s3Prefix, maxBytes });
}
