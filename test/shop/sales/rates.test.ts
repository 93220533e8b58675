import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { createRates, type RateSource, rateFeed, rateFile } from "#src/shop/sales/rates.ts";

// Given a file or a feed of rates, when it fails for a time
// - nobody waits for it while what it said last is good
// - nothing is quoted once that is stale, or before it ever answered
// - what it says counts again as soon as it says something that can be

const MINUTE = 60_000;
const unknown = expect.objectContaining({ code: "HANSE_RATE_UNKNOWN" });

it("all who ask before the source has answered for the first time wait for the one answer", async () => {
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<Record<string, string>>();
  const rates = createRates({
    source: async () => {
      asked++;
      return await promise;
    },
  });
  const both = [rates.hanseFor("USD"), rates.hanseFor("USD")];
  resolve({ USD: "0.25" });
  expect((await Promise.all(both)).map(({ told }) => told)).toEqual(["0.25", "0.25"]);
  expect(asked).toBe(1);
});

function follow(source: RateSource) {
  const clock = createManualClock(1_000_000);
  const rates = createRates({ source, clock });
  const told = async (currency = "USD") => (await rates.hanseFor(currency)).told;
  return { clock, rates, told };
}

describe("of a feed", () => {
  type Answer = (response: Parameters<Parameters<typeof createServer>[1] & object>[1]) => void;
  let server: Server;
  let url: string;
  let answer: Answer;
  let asked = 0;
  const says =
    (body: unknown, status = 200, headers = {}): Answer =>
    (response) =>
      void response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  const hangs: Answer = () => undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked++;
      if (request.url === "/elsewhere") says({ USD: "0.99" })(response);
      else answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rates`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked = 0;
    answer = says({ USD: "0.25", GBP: 0.19 });
  });
  // Whoever is still waiting for an answer gets none.
  afterEach(() => server.closeAllConnections());

  const open = () => follow(rateFeed(createGuardedFetch({ allowPrivate: true }), url));
  /** All that was asked for is answered, or failed. */
  const asksAgain = async (times: number) => await expect.poll(() => asked).toBeGreaterThanOrEqual(times);

  const failures: readonly (readonly [string, Answer])[] = [
    ["hangs", hangs],
    ["hangs in the middle", (response) => void response.writeHead(200).write('{"USD":')],
    ["hangs up", (response) => void response.destroy()],
    ["fails", says("", 500)],
    ["is gone", says({ USD: "0.99" }, 404)],
    ["redirects", says("", 302, { location: "/elsewhere" })],
    ["says nothing", says("")],
    ["says what is no JSON", says("<html>")],
    ["says a list", says([])],
    ["says nothing of any currency", says({ error: "down for maintenance" })],
    ["leaves one out", says({ USD: "0.26" })],
    ["says zero", says({ USD: "0", GBP: "0.19" })],
    ["says less than nothing", says({ USD: "-0.25", GBP: "0.19" })],
    ["says a word", says({ USD: "NaN", GBP: "0.19" })],
    ["says a number of many zeros", says({ USD: 1e300, GBP: "0.19" })],
    ["says ten times as much and more", says({ USD: "2.51", GBP: "0.19" })],
    ["says less than a tenth", says({ USD: "0.0249", GBP: "0.19" })],
    ["says a megabyte", says({ USD: "0.26", GBP: "0.19", padding: "x".repeat(1_048_576) })],
  ];

  it.each(failures)("that %s, what it said last is good for an hour, and then nothing", async (_, fails) => {
    const { clock, told } = open();
    expect(await told()).toBe("0.25");
    answer = fails;
    for (let minute = 0; minute < 60; minute += 20) {
      await clock.advance(20 * MINUTE);
      const before = performance.now();
      expect(await told()).toBe("0.25");
      expect(performance.now() - before, "nobody waits").toBeLessThan(500);
      await asksAgain(2);
    }
    await clock.advance(1);
    server.closeAllConnections();
    const late = told();
    // Once more, now that somebody waits for it.
    const ending = setInterval(() => server.closeAllConnections(), 50);
    await expect(late).rejects.toThrow(unknown);
    clearInterval(ending);
    expect(asked).toBeGreaterThanOrEqual(2);

    answer = says({ USD: "0.5", GBP: "0.19" });
    await clock.advance(MINUTE);
    expect(await told()).toBe("0.5");
  });

  it.each(failures.slice(2).filter(([name]) => !/tenth|ten times|leaves|megabyte|any currency/.test(name)))(
    "that %s from the first, nothing is quoted until it recovers",
    async (_, fails) => {
      const { clock, told } = open();
      answer = fails;
      await expect(told()).rejects.toThrow(unknown);
      await expect(told(), "not asked again in the same second").rejects.toThrow(unknown);
      expect(asked).toBe(1);
      answer = says({ USD: "0.25" });
      await clock.advance(MINUTE + 1);
      expect(await told()).toBe("0.25");
    },
  );

  it("what it says is taken beside, and told from then on", async () => {
    const { clock, told } = open();
    expect(await told()).toBe("0.25");
    answer = says({ USD: "0.26", GBP: "0.19" });
    await clock.advance(MINUTE);
    expect(await told(), "a minute is fresh").toBe("0.25");
    expect(asked).toBe(1);
    await clock.advance(1);
    await expect.poll(() => told()).toBe("0.26");
    expect(asked).toBe(2);
  });

  it("of a currency it never named nothing is known, of others all", async () => {
    const { told, rates } = open();
    await expect(told("EUR")).rejects.toThrow(unknown);
    expect(await told("GBP")).toBe("0.19");
    expect(await rates.inDollars({ currency: "GBP", minor: 1_900n })).toBe(25);
    expect(await rates.inDollars({ currency: "EUR", minor: 1_900n })).toBe(0);
  });
});

describe("of a file", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "hanse-rates-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each([
    ["is away", (path: string) => rm(path)],
    ["is half written", (path: string) => writeFile(path, '{"USD": "0.')],
    ["says zero", (path: string) => writeFile(path, '{"USD": 0}')],
    ["is empty", (path: string) => writeFile(path, "")],
  ])("that %s, what it said last is good for an hour", async (_, damage) => {
    const path = join(directory, "rates.json");
    await writeFile(path, '{"USD": 0.25}');
    const { clock, told } = follow(rateFile(path));
    expect(await told()).toBe("0.25");
    await damage(path);
    await clock.advance(60 * MINUTE);
    expect(await told()).toBe("0.25");
    await clock.advance(1_000);
    await expect(told()).rejects.toThrow(unknown);
    await writeFile(path, '{"USD": "0.26"}');
    await clock.advance(1_000);
    expect(await told()).toBe("0.26");
  });
});
