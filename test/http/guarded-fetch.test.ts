import dns, { type LookupAddress } from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { isPrivateAddress } from "#src/http/private-address.ts";
import { startTestServer } from "./test-server.ts";

let running: Awaited<ReturnType<typeof startTestServer>>;
let hits = 0;
beforeAll(async () => {
  running = await startTestServer((server) => {
    server.addHook("onRequest", async () => void hits++);
    server.post("/echo", { schema: { body: z.unknown() } }, (request) => request.body);
    server.get("/moved", (_request, reply) => reply.redirect("/healthz"));
    server.get("/none", (_request, reply) => reply.code(204).send());
    server.get("/slow", () => new Promise(() => undefined));
  });
});
afterAll(() => running.server.close());

describe("refuses before anything is sent", () => {
  const guarded = createGuardedFetch();
  it.each([
    "http://127.0.0.1:PORT/healthz",
    "http://localhost:PORT/healthz",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f.1:PORT/",
    "http://169.254.169.254/latest/meta-data",
    "http://10.1.2.3/",
    "file:///etc/passwd",
    "ftp://example.org/",
    "http://user:pass@example.org/",
    "not a url",
  ])("%s", async (url) => {
    const before = hits;
    await expect(guarded(url.replace("PORT", String(running.port)), {})).rejects.toMatchObject({
      code: "HANSE_ADDRESS_FORBIDDEN",
      retryable: false,
    });
    expect(hits).toBe(before);
  });

  it("through the JSON client too, without repeating", async () => {
    const client = createHttpClient({ fetch: guarded }, { baseUrl: running.url });
    await expect(client.request("/healthz", { schema: z.unknown() })).rejects.toMatchObject({
      code: "HANSE_ADDRESS_FORBIDDEN",
    });
  });
});

describe("a name that changes its answer", () => {
  const guarded = createGuardedFetch();
  const real = dns.lookup;
  afterAll(() => {
    dns.lookup = real;
    syncBuiltinESMExports();
  });

  it("between the check and the call leads nowhere inside: what is connected to is what was checked", async () => {
    // Once public (of a range that is given to nobody), and then this machine.
    const answers: LookupAddress[] = [
      { address: "3ffe::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    let asked = 0;
    dns.lookup = ((_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) => {
      done(null, [answers[Math.min(asked++, answers.length - 1)] as LookupAddress]);
    }) as never;
    syncBuiltinESMExports();
    const before = hits;
    const call = () =>
      guarded(`http://rebinding.example:${running.port}/healthz`, { signal: AbortSignal.timeout(500) });
    await expect(call(), "the first answer is used once it is asked for, and only that").rejects.toThrow();
    expect(asked, "asked once for one connection").toBe(1);
    await expect(call()).rejects.toMatchObject({ code: "HANSE_ADDRESS_FORBIDDEN" });
    expect(hits).toBe(before);
  });

  it("to several, of which one is inside, is not called at all", async () => {
    dns.lookup = ((_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) => {
      done(null, [
        { address: "3ffe::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    }) as never;
    syncBuiltinESMExports();
    const before = hits;
    await expect(guarded(`http://rebinding.example:${running.port}/`, {})).rejects.toMatchObject({
      code: "HANSE_ADDRESS_FORBIDDEN",
    });
    expect(hits).toBe(before);
  });
});

describe("with private addresses allowed", () => {
  const open = createGuardedFetch({ allowPrivate: true });
  it("behaves as fetch does: bodies, statuses, no redirects, limits", async () => {
    const client = createHttpClient({ fetch: open }, { baseUrl: running.url, timeoutMs: 100, retries: 0 });
    expect(await client.request("/echo", { method: "POST", body: { ä: 1 }, schema: z.unknown() })).toEqual({
      ä: 1,
    });
    expect(await client.request("/none", { schema: z.void() })).toBeUndefined();
    await expect(client.request("/moved", { schema: z.unknown() })).rejects.toMatchObject({
      code: "HANSE_PEER_REFUSED",
    });
    await expect(client.request("/slow", { schema: z.unknown() })).rejects.toMatchObject({
      code: "HANSE_PEER_TIMED_OUT",
    });
    await expect(client.request("/nope", { schema: z.unknown() })).rejects.toMatchObject({
      code: "HANSE_NOT_FOUND",
    });
  });
});

it("tells private addresses from public ones", () => {
  for (const address of [
    "0.0.0.0",
    "10.255.0.1",
    "100.64.0.1",
    "172.31.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::ffff:10.0.0.1",
    "name",
  ]) {
    expect(isPrivateAddress(address), address).toBe(true);
  }
  for (const address of ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]) {
    expect(isPrivateAddress(address), address).toBe(false);
  }
});
