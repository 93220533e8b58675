import { expect, it } from "vitest";
import { createShopClient } from "#src/client/shop-client.ts";

const item = (id: string) => ({
  ...{ id, name: id, description: "", price: 1, imageURL: "", currency: "USD", priceMinor: "100" },
  ...{ categories: [], available: true },
});
/** A shop that tells a product a page, in an order of its own. */
const listingsOf = (pages: Readonly<Record<string, { id: string; next?: string }>>) => {
  const fetch = async (input: string | URL | Request) => {
    const after = new URL(String(input)).searchParams.get("after") ?? "";
    const page = pages[after];
    return Response.json({ products: [item(page?.id ?? "")], next: page?.next });
  };
  return createShopClient({ fetch: fetch as never }, { baseUrl: "https://shop.example" }).listings();
};

it("pages go on in the shop's order, whatever it is: ANNA's goods come before those of ANNA2", async () => {
  const pages = {
    "": { id: "ANNA:b", next: "ANNA:b" },
    "ANNA:b": { id: "ANNA:C", next: "ANNA:C" },
    "ANNA:C": { id: "ANNA2:A" },
  };
  expect((await listingsOf(pages)).map(({ id }) => id)).toEqual(["ANNA:b", "ANNA:C", "ANNA2:A"]);
});

it("pages that come again are not asked for without end", async () => {
  const pages = {
    "": { id: "ANNA:A", next: "ANNA:A" },
    "ANNA:A": { id: "ANNA:B", next: "ANNA:B" },
    "ANNA:B": { id: "ANNA:C", next: "ANNA:A" },
  };
  await expect(listingsOf(pages)).rejects.toMatchObject({ code: "HANSE_PEER_RESPONSE_INVALID" });
});
