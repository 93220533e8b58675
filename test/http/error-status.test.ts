import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { errorStatus } from "#src/http/error-status.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { type ErrorCode, errorCodes } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { startTestServer } from "./test-server.ts";

const codes = Object.keys(errorCodes) as ErrorCode[];
/** What an operator has to mend. */
const FAULTS = codes.filter((code) => errorStatus(code) === 500);

// Given a service that answers with any of our codes, and another whose handler asks it, then the other's callers see
// - what the first refuses, as it refuses it
// - a bad gateway, where the first failed: never a fault of the second
let [peer, service]: Awaited<ReturnType<typeof startTestServer>>[] = [];
beforeAll(async () => {
  peer = await startTestServer((server) => {
    server.get("/refuse/:code", async (request) => {
      throw new HanseError((request.params as { code: ErrorCode }).code, "as asked for");
    });
    server.get("/strange", async (_request, reply) =>
      reply.code(500).send({ code: "HANSE_OF_TOMORROW", message: "not known yet" }),
    );
  });
  const client = createHttpClient({}, { baseUrl: peer.url, retries: 0 });
  service = await startTestServer((server) => {
    server.get("/ask/*", async (request) =>
      client.request(`/${(request.params as { "*": string })["*"]}`, { schema: z.unknown() }),
    );
  });
});
afterAll(async () => {
  await peer?.server.close();
  await service?.server.close();
});

async function ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${service?.url}/ask/${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("every code", () => {
  it.each(codes)("%s has a status of an error", (code) => {
    expect(errorStatus(code)).toBeGreaterThanOrEqual(400);
    expect(errorStatus(code)).toBeLessThan(600);
  });

  it("is a fault of the service only where its operator has to mend it", () => {
    const told =
      /CONFIG|PORT_IN|DISK_UNW|STATE_|CONTENT_HASH|DATABASE_|CHAIN_M|DEVELOPMENT|PROCESS|JOURNAL|RUNNER|INSTALL|INTERNAL/;
    expect(FAULTS.filter((code) => !told.test(code))).toEqual([]);
  });

  it.each(codes)("%s of a peer is no fault of ours", async (code) => {
    const { status, body } = await ask(`refuse/${code}`);
    const there = errorStatus(code);
    expect(status).toBe(there < 500 ? there : 502);
    expect(body.code).toBe(there < 500 ? code : "HANSE_PEER_FAILED");
    if (there < 500 || code === "HANSE_INTERNAL") return;
    expect(body.retryable).toBe(errorCodes[code].retryable);
    if (!code.startsWith("HANSE_PEER_")) expect(body.details).toMatchObject({ peerCode: code });
  });

  it("that nobody knows neither", async () => {
    const { status, body } = await ask("strange");
    expect({ status, code: body.code }).toEqual({ status: 502, code: "HANSE_PEER_FAILED" });
    expect(body.details).toMatchObject({ peerCode: "HANSE_OF_TOMORROW" });
  });
});
