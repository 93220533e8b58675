import { afterAll, beforeAll, expect, it } from "vitest";
import { limitRequests } from "#src/http/rate-limit.ts";
import { startTestServer } from "./test-server.ts";

let running: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  running = await startTestServer(
    async (server) => {
      await limitRequests(server, { max: 3 });
      server.get("/", async () => ({}));
    },
    { trustProxy: ["127.0.0.1"] },
  );
});
afterAll(() => running?.server.close());

const asks = async (from: string) =>
  (await fetch(running.url, { headers: { "x-forwarded-for": from } })).status;

it("a network is limited however many addresses it has, and another is not", async () => {
  const statuses = [];
  for (let host = 1; host <= 4; host++) statuses.push(await asks(`2001:db8:0:1::${host}`));
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect(await asks("2001:db8:0:1:ffff:ffff:ffff:ffff")).toBe(429);
  expect(await asks("2001:db8:0:2::1")).toBe(200);
  for (let times = 0; times < 3; times++) expect(await asks("192.0.2.1")).toBe(200);
  expect(await asks("::ffff:192.0.2.1"), "the same, written otherwise").toBe(429);
  expect(await asks("192.0.2.2")).toBe(200);
});
