import { expect, it } from "vitest";
import { onlyReferencedSchemas } from "#src/http/referenced-schemas.ts";

const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });

it("keeps what is pointed to, through others and in circles too, and nothing else", () => {
  const schemas = {
    Order: { type: "object", properties: { lines: { type: "array", items: to("Line") } } },
    Line: { type: "object", properties: { order: to("Order") } },
    Alone: { type: "object", properties: { order: to("Order") } },
    Circle: to("Circle"),
  };
  const paths = {
    "/orders": { get: { responses: { 200: { content: { json: { schema: to("Order") } } } } } },
  };
  const { Order, Line } = schemas;
  expect(onlyReferencedSchemas({ paths, components: { schemas } })).toEqual({
    ...{ paths, components: { schemas: { Order, Line } } },
  });
});

it("takes a document that names none, or points to one that is not there", () => {
  expect(onlyReferencedSchemas({ paths: {} })).toEqual({ paths: {}, components: { schemas: {} } });
  const paths = { "/lost": to("Lost") };
  expect(onlyReferencedSchemas({ paths })).toEqual({ paths, components: { schemas: {} } });
});
