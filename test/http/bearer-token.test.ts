import { expect, it } from "vitest";
import { createBearerCheck } from "#src/http/bearer-token.ts";

const TOKEN = "owner-token-0123456789";

it.each([
  undefined,
  "",
  TOKEN,
  `Basic ${TOKEN}`,
  "Bearer ",
  `Bearer ${TOKEN.slice(1)}`,
  `Bearer ${TOKEN} `,
  `Bearer ${TOKEN}0`,
  `Bearer ${TOKEN.toUpperCase()}`,
  `x Bearer ${TOKEN}`,
])("refuses %j", (authorization) => {
  expect(createBearerCheck(TOKEN)(authorization)).toBe(false);
});

it("takes the token, however the scheme is spelled", () => {
  const isBearer = createBearerCheck(TOKEN);
  expect([`Bearer ${TOKEN}`, `bearer ${TOKEN}`].map(isBearer)).toEqual([true, true]);
});
