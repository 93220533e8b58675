import { registerContentService } from "#src/content/content-service.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import type { ConfigSources } from "#src/kernel/config.ts";
import { host, port, stateDir, uploadToken } from "./options.ts";
import { runService } from "./run-service.ts";

export const contentOptions = { host, port: port(4300), stateDir, uploadToken };

/** `hanse content start`: keeps and serves content by its hash. */
export async function startContent(sources: ConfigSources): Promise<void> {
  await runService("content", contentOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const store = await createFileContentStore({ directory: config.stateDir });
    // Uploads may be large and lines slow.
    const server = await createServer({ logger, metrics }, { name: "content", requestTimeoutMs: 600_000 });
    await registerContentService(
      server,
      { store },
      config.uploadToken === undefined ? {} : { uploadToken: config.uploadToken },
    );
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url }, "content service is up");
    return {};
  });
}
