import { expect, it } from "vitest";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createDirectory } from "#src/shop/federation/directory.ts";
import { silent } from "../../store/test-database.ts";

const url = "https://hub.example";

it("a hub service is asked for its keys once, however many sign with keys of their own as if they were it", async () => {
  let [now, asked] = [1_000_000, 0];
  const [first, next] = [generateShopKey(), generateShopKey()].map(({ key }) => key.publicKey);
  let own = first;
  const directory = createDirectory({
    database: undefined as never,
    hubs: [
      {
        url,
        client: {
          shops: () => Promise.reject(new Error("nobody asks")),
          keys: async () => {
            asked++;
            return [own as `0x${string}`];
          },
        },
      },
    ],
    logger: silent,
    clock: { now: () => now, sleep: async () => undefined },
  });
  const strangers = Array.from({ length: 50 }, () => generateShopKey().key.publicKey);
  const isOwn = (key = "0x" as `0x${string}`) => directory.isKeyOfHub(url, key);
  expect(await Promise.all(strangers.map(isOwn))).not.toContain(true);
  for (const stranger of strangers) expect(await isOwn(stranger)).toBe(false);
  expect(await isOwn(first)).toBe(true);
  expect(asked).toBe(1);
  // A key that it has changed to is found soon all the same.
  own = next;
  now += 3_000;
  expect(await isOwn(next)).toBe(true);
  expect(asked).toBe(2);
});
