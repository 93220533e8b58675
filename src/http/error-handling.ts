import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";
import { answerError, type ErrorAnswer } from "./error-body.ts";
import { stringifyJson } from "./json.ts";

/** Every way a request can fail ends in the same JSON shape: thrown errors, unknown paths, broken URLs. */
export function registerErrorHandling(server: FastifyInstance): void {
  server.setErrorHandler((thrown, request, reply) => sendError(thrown, request, reply));
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    const error = new HanseError("HANSE_NOT_FOUND", `There is no ${request.method} ${path} here`);
    return sendError(error, request, reply);
  });
}

/** Answers a request with an error and logs it: faults of ours as errors, the caller's at debug. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = answerError(thrown, request.id);
  if (answer.status >= 500) request.log.error({ err: answer.error }, "request failed");
  else request.log.debug({ err: answer.error }, "request refused");
  // Set for the content that was not sent after all.
  for (const name of ["cache-control", "etag", "content-length", "content-disposition", "last-modified"]) {
    reply.removeHeader(name);
  }
  const seconds = retryAfterOf(answer);
  if (seconds !== undefined) reply.header("retry-after", String(Math.ceil(seconds)));
  return (
    reply
      .code(answer.status)
      .type("application/json; charset=utf-8")
      .header("cache-control", "no-store")
      // A broken URL is refused before any hook runs.
      .header("x-request-id", request.id)
      .serializer(stringifyJson)
      .send(answer.body)
  );
}

/** What we depend on is back within seconds, mostly: whoever asks then waits no longer than it has to. */
const RETRY_UNAVAILABLE_S = 2;

function retryAfterOf({ status, body, error }: ErrorAnswer): number | undefined {
  const { retryAfterSeconds } = error.details;
  if (typeof retryAfterSeconds === "number") return retryAfterSeconds;
  return status === 503 && body.retryable ? RETRY_UNAVAILABLE_S : undefined;
}

/** Answers what is not even HTTP: there is no request to reply to, only a socket. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // A peer that hung up wants no answer.
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const refusal = new HanseError("HANSE_REQUEST_INVALID", "The request is not valid HTTP");
  const { body }: ErrorAnswer = answerError(refusal, "-");
  const text = stringifyJson(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
