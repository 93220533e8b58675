import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadAdapter } from "#src/shop/adapters/load-adapter.ts";
import makeAdapter from "../../../examples/shop-adapter/adapter.ts";

const EXAMPLE = resolve("examples/shop-adapter/adapter.ts");

let folder: string;
let system: Awaited<ReturnType<typeof startShopSystem>>;
beforeAll(async () => {
  [folder, system] = await Promise.all([mkdtemp(join(tmpdir(), "hanse-adapter-")), startShopSystem()]);
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => system.fill({ "p-1": 5, "p-2": 1 }));

/** A shop system of its own, with the API that the example speaks to. */
async function startShopSystem() {
  const stock = new Map<string, number>();
  const moves = new Set<string>();
  let away = false;
  const server: Server = createServer(async (request, response) => {
    if (away) return void response.writeHead(503).end();
    const [, order, move] = /^\/orders\/([^/]+)\/(taken|returned)$/.exec(request.url ?? "") ?? [];
    if (request.url === "/products") {
      const products = [...stock].map(([id, left], at) => ({
        ...{ id, sku: `SKU-${at + 1}`, name: `Product ${id}`, cents: 1_999 + at, stock: left },
      }));
      products.push({
        id: "p-9",
        sku: "GIFT",
        name: "Voucher",
        cents: 1_000,
        stock: null as unknown as number,
      });
      return void response.writeHead(200).end(JSON.stringify(products));
    }
    if (order === undefined) return void response.writeHead(404).end();
    const lines = (await json(request)) as { id: string; quantity: number }[];
    const done = moves.has(`${order} ${move}`);
    const enough = move === "returned" || lines.every(({ id, quantity }) => (stock.get(id) ?? 0) >= quantity);
    if (!done && !enough) return void response.writeHead(409).end();
    if (!done) {
      moves.add(`${order} ${move}`);
      for (const { id, quantity } of lines)
        stock.set(id, (stock.get(id) ?? 0) + (move === "taken" ? -quantity : quantity));
    }
    response.writeHead(204).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    fill(pieces: Readonly<Record<string, number>>) {
      away = false;
      moves.clear();
      for (const [id, left] of Object.entries(pieces)) stock.set(id, left);
    },
    leave: () => {
      away = true;
    },
    left: () => Object.fromEntries(stock),
    async stop() {
      server.closeAllConnections();
      await new Promise((stopped) => server.close(stopped));
    },
  };
}

async function moduleOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("a module that is to make an adapter is refused", () => {
  it.each([
    ["which is not there", undefined],
    ["that cannot be read", "export default ("],
    ["without a default export", "export const adapter = {};"],
    ["whose default export is no function", "export default {};"],
    ["that throws", 'export default () => { throw new Error("no"); };'],
    ["that makes nothing", "export default () => undefined;"],
    ["that makes half of one", "export default () => ({ catalogue: async () => [] });"],
  ])("%s", async (what, text) => {
    const name = `${what.replaceAll(/\W/g, "-")}.mjs`;
    const path = text === undefined ? join(folder, name) : await moduleOf(name, text);
    await expect(loadAdapter(path)).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });
});

describe("the example", () => {
  it("is loaded as it stands, in fewer than 100 lines", async () => {
    const adapter = await loadAdapter(EXAMPLE);
    expect(Object.keys(adapter).sort()).toEqual(["catalogue", "putBack", "take"]);
    expect((await readFile(EXAMPLE, "utf8")).split("\n").length).toBeLessThan(100);
  });

  it("tells what there is: exact prices, whole pieces, and what is not counted", async () => {
    expect(await makeAdapter(system.url).catalogue()).toMatchObject([
      { internalId: "p-1", sku: "SKU-1", priceMinor: 1_999n, onHand: 5n, description: "", categories: [] },
      { internalId: "p-2", priceMinor: 2_000n, onHand: 1n },
      { sku: "GIFT", onHand: null },
    ]);
  });

  it("takes an order once, whole or not at all, and puts it back once", async () => {
    const adapter = makeAdapter(system.url);
    const lines = [{ internalId: "p-1", quantity: 3n }];
    expect([await adapter.take("order-1", lines), await adapter.take("order-1", lines)]).toEqual([
      true,
      true,
    ]);
    expect(system.left()).toEqual({ "p-1": 2, "p-2": 1 });
    const both = [
      { internalId: "p-2", quantity: 1n },
      { internalId: "p-1", quantity: 3n },
    ];
    expect(await adapter.take("order-2", both), "not there").toBe(false);
    expect(system.left()).toEqual({ "p-1": 2, "p-2": 1 });
    await adapter.putBack("order-1", lines);
    await adapter.putBack("order-1", lines);
    expect(system.left()).toEqual({ "p-1": 5, "p-2": 1 });
  });

  it("fails, and says neither yes nor no, while the system is away", async () => {
    system.leave();
    const adapter = makeAdapter(system.url);
    await expect(adapter.catalogue()).rejects.toThrow("503");
    await expect(adapter.take("order-3", [{ internalId: "p-1", quantity: 1n }])).rejects.toThrow("503");
    expect(system.left()).toEqual({ "p-1": 5, "p-2": 1 });
  });
});
