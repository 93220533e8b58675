import { expect, it } from "vitest";
import { createRates } from "#src/shop/sales/rates.ts";

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
