import type { FastifyInstance } from "fastify";
import { Histogram, type Registry } from "prom-client";

/** The histogram of request durations in seconds that every service has. */
export function createRequestHistogram(metrics: Registry): Histogram<"method" | "route" | "status"> {
  return new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the request's arrival to the end of the answer",
    // The template, never the path: paths hold ids, and each would become a series of its own.
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [metrics],
  });
}

/** `/metrics` in the Prometheus text format, with the durations of requests. */
export function registerMetrics(server: FastifyInstance, metrics: Registry): void {
  const duration = createRequestHistogram(metrics);
  // Finding a series by its labels takes longer than counting in it; there are as many as routes and statuses.
  const series = new Map<string, ReturnType<typeof duration.labels>>();
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    const name = `${labels.status} ${request.method} ${route}`;
    const durations = series.get(name) ?? duration.labels(labels);
    series.set(name, durations);
    durations.observe(reply.elapsedTime / 1000);
    request.log.debug({ ...labels, ms: Math.round(reply.elapsedTime) }, "request");
    done();
  });
  server.get("/metrics", { schema: { hide: true } as object }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
}
