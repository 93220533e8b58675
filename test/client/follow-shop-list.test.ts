import { expect, it } from "vitest";
import { followShopList, type ShopListKeeper } from "#src/client/follow-shop-list.ts";
import type { ShopPage } from "#src/client/hub-schema.ts";

const URL = "https://hub.example";

/** Keeps where it is, and what it was told. */
function keeperAt(start?: { feed: string; cursor: string }) {
  let at = start;
  const taken: string[] = [];
  const keeper: ShopListKeeper = {
    cursorOf: async () => at,
    async take(_, { feed, next }) {
      at = { feed, cursor: next };
      taken.push(next);
    },
    async beginAnew() {
      at = undefined;
    },
  };
  return { keeper, taken };
}

/** A hub service that answers so, the last answer again and again. */
function answering(...pages: readonly Pick<ShopPage, "feed" | "next" | "more">[]) {
  const asked: (string | undefined)[] = [];
  const client = {
    async shops({ since }: { since?: string } = {}): Promise<ShopPage> {
      const page = pages[Math.min(asked.length, pages.length - 1)] as (typeof pages)[number];
      asked.push(since);
      if (asked.length > 10) throw new Error("asked without end");
      return { ...page, shops: [] };
    },
  };
  return { url: URL, client, asked };
}

it("asks page by page from where it was, until there is no more", async () => {
  const hub = answering({ feed: "a", next: "7", more: true }, { feed: "a", next: "9", more: false });
  const { keeper, taken } = keeperAt({ feed: "a", cursor: "5" });
  await followShopList(keeper, hub, { limit: 10 });
  expect([hub.asked, taken]).toEqual([
    ["5", "7"],
    ["7", "9"],
  ]);
});

it("asks no further where there is said to be more, and nothing moves on", async () => {
  const hub = answering({ feed: "a", next: "7", more: true });
  const { keeper, taken } = keeperAt();
  await followShopList(keeper, hub, { limit: 10 });
  expect([hub.asked, taken]).toEqual([
    [undefined, "7"],
    ["7", "7"],
  ]);
});

it.each([
  ["of another feed", { feed: "b", next: "9", more: false }],
  ["that was set back", { feed: "a", next: "3", more: false }],
])("begins a list anew %s", async (_, page) => {
  const hub = answering(page);
  const { keeper, taken } = keeperAt({ feed: "a", cursor: "5" });
  const anew: string[] = [];
  await followShopList(keeper, hub, { limit: 10, onBegunAnew: (feed) => void anew.push(feed) });
  expect([hub.asked, taken, anew]).toEqual([["5", undefined], [page.next], [page.feed]]);
});

it("listens no longer to one that begins anew again and again", async () => {
  const feeds = ["b", "c", "d", "e", "f"].map((feed) => ({ feed, next: "9", more: true }));
  const hub = answering(...feeds);
  const { keeper } = keeperAt({ feed: "a", cursor: "5" });
  await followShopList(keeper, hub, { limit: 10 });
  expect(hub.asked).toEqual(["5", undefined, "9"]);
});

it("asks for nothing once it is to end", async () => {
  const hub = answering({ feed: "a", next: "7", more: true });
  await followShopList(keeperAt().keeper, hub, { limit: 10, signal: AbortSignal.abort() });
  expect(hub.asked).toEqual([]);
});
