import { randomUUID } from "node:crypto";
import swagger from "@fastify/swagger";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  createSerializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import type { Registry } from "prom-client";
import type { Logger } from "#src/kernel/logger.ts";
import { renderDocsPage } from "./docs-page.ts";
import { refuseBrokenRequest, registerErrorHandling, sendError } from "./error-handling.ts";
import { type ReadyCheck, registerHealth } from "./health.ts";
import { bigintReplacer, stringifyJson } from "./json.ts";
import { onlyReferencedSchemas } from "./referenced-schemas.ts";
import { registerMetrics } from "./request-metrics.ts";
import { refuseUnfitRequests } from "./unfit-requests.ts";

/** A bigint is told as what it is on the wire. */
const zodToJsonConfig: NonNullable<Parameters<typeof createJsonSchemaTransform>[0]["zodToJsonConfig"]> = {
  unrepresentable: "any",
  override: ({ zodSchema, jsonSchema }) => {
    if (zodSchema._zod.def.type !== "bigint") return;
    jsonSchema.type = "string";
    jsonSchema.pattern = "^-?\\d+$";
  },
};

/** A Fastify instance whose schemas are zod. */
export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface ServerDeps {
  readonly logger: Logger;
  /** Served at `/metrics`; one registry for each server. */
  readonly metrics: Registry;
}

export interface ServerOptions {
  /** Name of the service, for the documentation page. */
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  /** Named conditions of readiness, asked at every `/readyz`. */
  readonly ready?: Readonly<Record<string, ReadyCheck>>;
  /** Largest JSON body in bytes; 1 MiB unless told. */
  readonly bodyLimit?: number;
  /** Which proxies' X-Forwarded-For to believe: none unless told, or anyone could choose its address. */
  readonly trustProxy?: boolean | string | string[];
  /** Time in milliseconds for a whole request to arrive; 30 s unless told. */
  readonly requestTimeoutMs?: number;
}

/**
 * A service's HTTP server: health, readiness, metrics, OpenAPI at `/docs/openapi.json`, a readable list at `/docs`,
 * one error shape, bigints as decimal strings. Register routes on it, then {@link listen}.
 */
export async function createServer(deps: ServerDeps, options: ServerOptions): Promise<HttpServer> {
  const { logger, metrics } = deps;
  const server: HttpServer = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // Requests are logged by request-metrics.ts, without query strings and addresses.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // An id from outside would let a caller write into our log.
    requestIdHeader: false,
    bodyLimit: options.bodyLimit ?? 1_048_576,
    trustProxy: options.trustProxy ?? false,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    forceCloseConnections: "idle",
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      sendError(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();

  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(createSerializerCompiler({ replacer: bigintReplacer }));
  server.addHook("preSerialization", (request, reply, _payload, done) => {
    // With a response schema its serializer writes bigints; without one JSON.stringify would throw on them.
    if (request.routeOptions.schema?.response === undefined) reply.serializer(stringifyJson);
    done();
  });
  let closing = false;
  server.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  server.addHook("onSend", (request, reply, _payload, done) => {
    reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
    // Idle connections are closed by now; this one would be kept alive for a minute after its answer, and `close` wait.
    if (closing) reply.header("connection", "close");
    done();
  });
  registerErrorHandling(server as unknown as FastifyInstance);
  refuseUnfitRequests(server as unknown as FastifyInstance);

  const withNamedSchemas = createJsonSchemaTransformObject({ zodToJsonConfig });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: options.name,
        version: options.version ?? "0.1.0",
        ...(options.description ? { description: options.description } : {}),
      },
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig }),
    // Schemas with an id, such as that of errors, stand once.
    transformObject: (object) => onlyReferencedSchemas(withNamedSchemas(object)),
  });
  const plain = server as unknown as FastifyInstance;
  registerHealth(plain, { ready: options.ready ?? {}, logger });
  registerMetrics(plain, metrics);
  server.get("/docs/openapi.json", { schema: { hide: true } as object }, () => server.swagger());
  server.get("/docs", { schema: { hide: true } as object }, (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(renderDocsPage(server.swagger())),
  );
  return server;
}
