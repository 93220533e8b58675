import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HttpServer } from "#src/http/server.ts";
import { startTestServer } from "./test-server.ts";

let running: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  running = await startTestServer((server: HttpServer) => {
    server.post("/echo/:name", (request) => ({ body: request.body }));
    server.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
  });
});
afterAll(() => running?.server.close());

const post = async (path: string, body: BodyInit, type = "application/json") =>
  (await fetch(running.url + path, { method: "POST", headers: { "content-type": type }, body })).status;

describe("the character zero", () => {
  it.each([
    ["in a text", "/echo/a", { text: "a\0b" }],
    ["in a list within", "/echo/a", { lines: [{ sku: ["ok", "\0"] }] }],
    ["in a name", "/echo/a", { "a\0": 1 }],
    ["alone", "/echo/a", "\0"],
    ["in the query", "/echo/a?after=x%00", {}],
    ["in a name of the query", "/echo/a?x%00=1", {}],
    ["in the path", "/echo/a%00b", {}],
  ])("is refused %s", async (_where, path, body) => {
    expect(await post(path, JSON.stringify(body))).toBe(400);
  });

  it("is nothing to bytes, nor are other characters to texts", async () => {
    expect(await post("/echo/a", new Uint8Array([0, 1]), "application/octet-stream")).toBe(200);
    expect(await post("/echo/a%01?x=%7f", JSON.stringify({ text: "0 \u0001 %00 \\0", none: null }))).toBe(
      200,
    );
  });
});

describe("a body that nests", () => {
  const nested = (levels: number) => `${"[".repeat(levels)}0${"]".repeat(levels)}`;

  it.each([
    ["65 lists", nested(65)],
    ["10 KB of lists", nested(5_000)],
    ["as many lists as fit", nested(500_000)],
    ["objects", `${'{"a":'.repeat(5_000)}0${"}".repeat(5_000)}`],
    ["lists, with the character zero at the bottom", `${"[".repeat(5_000)}"\\u0000"${"]".repeat(5_000)}`],
  ])("is refused: %s", async (_what, body) => {
    expect(await post("/echo/a", body)).toBe(400);
  });

  it("is taken with 64 levels", async () => {
    expect(await post("/echo/a", nested(64))).toBe(200);
  });
});
