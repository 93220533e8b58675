import { listen } from "#src/http/listen.ts";
import { createServer, type HttpServer, type ServerOptions } from "#src/http/server.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";

/** A server on a free port of loopback, its log kept in memory. */
export async function startTestServer(
  register: (server: HttpServer) => unknown,
  options: Partial<ServerOptions> = {},
): Promise<{ server: HttpServer; url: string; port: number; log: string[] }> {
  const log: string[] = [];
  const logger = createLogger({
    service: "test",
    level: "debug",
    destination: { write: (line: string) => void log.push(line) },
  });
  const metrics = createMetrics({ service: "test", processMetrics: false });
  const server = await createServer({ logger, metrics }, { name: "Test service", ...options });
  await register(server);
  const { url, port } = await listen(server, { port: 0 });
  return { server, url, port, log };
}
