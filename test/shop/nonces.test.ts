import { expect, it } from "vitest";
import { createNonces } from "#src/shop/nonces.ts";

it("a signature that runs out while it is checked is taken neither once nor twice", () => {
  let now = 1_000_000;
  const nonces = createNonces({ clock: { now: () => now } });
  const [created, expires] = [new Date(now), new Date(now + 60_000)];
  const take = () => nonces.take("ANNA", "a nonce of hers", expires, created);
  expect([take(), take()]).toEqual([true, false]);
  // Two of the same that were looked at in time, and whose key took longer to be proved.
  now = expires.getTime() + 1;
  expect([take(), take()]).toEqual([false, false]);
});
