import fc from "fast-check";
import type { RawRequest } from "./raw-request.ts";

/** The part of an OpenAPI document that requests are made from. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface OpenApiOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly requests: fc.Arbitrary<RawRequest>;
}

/** What no schema foresees. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    -1,
    0.5,
    1e300,
    2 ** 53,
    "",
    "0x",
    "0xzz",
    "1e9",
    "9".repeat(400),
    "\u0000",
    "\ud800",
    [],
    {},
  ),
  fc.bigInt({ min: 0n, max: 2n ** 257n }).map(String),
  fc.integer({ min: 0, max: 140 }).map((length) => `0x${"f".repeat(length)}`),
);

const likely = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hexOf),
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(hexOf),
  fc.uint8Array({ minLength: 65, maxLength: 65 }).map(hexOf),
  fc.nat().map(String),
  fc.constantFrom("open", "request", "2026-11-28", "0x"),
  fc.string({ unit: "binary" }),
);

const texts = fc.oneof({ weight: 3, arbitrary: likely }, { weight: 2, arbitrary: junk.map(asText) });

/** Bytes of a path or query that are no UTF-8, end a C string, climb, or are not escaped. */
const oddBytes = fc.constantFrom(
  "%00",
  "%ff%fe",
  "%c0%af",
  "%",
  "%zz",
  "%2e%2e%2f",
  "..",
  "\u00ff\u00fe",
  "a".repeat(9_000),
);

const types = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/octet-stream",
  "",
  "application/json, text/html",
  "no type at all",
);

/** Every operation of a document with requests that are valid but for one part, and others that are not at all. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...{ path, method: method.toUpperCase() },
      requests: requestsOf(document, method.toUpperCase(), path, operation),
    })),
  );
}

function requestsOf(
  document: OpenApi,
  method: string,
  template: string,
  { parameters = [], requestBody }: OpenApiOperation,
): fc.Arbitrary<RawRequest> {
  const value = fc.oneof({ weight: 6, arbitrary: texts.map(escaped) }, { weight: 1, arbitrary: oddBytes });
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "");
  const parts = fc.tuple(...names.map(() => value));
  const known = parameters.filter((each) => each.in === "query").map((each) => each.name);
  const pair = fc.tuple(fc.oneof(fc.constantFrom(...known, "surprise"), texts.map(escaped)), value);
  const query = fc.array(pair, { maxLength: 4 });
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  const body = bodies(document, schema);
  const withBody = schema !== undefined || !["GET", "HEAD"].includes(method);
  return fc
    .record({
      parts,
      query,
      body: fc.option(body, { nil: undefined, freq: withBody ? 12 : 1 }),
      type: types,
      plain: fc.nat(3),
    })
    .map((wish) => {
      const path = names.reduce((text, name, i) => text.replace(`{${name}}`, wish.parts[i] ?? ""), template);
      const search = wish.query.map(([name, text]) => `${name}=${text}`).join("&");
      const type = wish.plain === 0 ? wish.type : "application/json";
      return {
        ...{ method, path: `${path}${search === "" ? "" : `?${search}`}` },
        headers: type === "" || wish.body === undefined ? {} : { "Content-Type": type },
        ...(wish.body === undefined ? {} : { body: wish.body }),
      };
    });
}

function bodies(document: OpenApi, schema: Schema | undefined): fc.Arbitrary<Buffer> {
  const fitting = schema === undefined ? junk : anyValueOf(document, schema, 6);
  return fc.oneof(
    { weight: 6, arbitrary: fitting.map((value) => Buffer.from(json(value))) },
    {
      weight: 1,
      arbitrary: fc.tuple(fitting, fc.nat(60)).map(([value, cut]) => Buffer.from(json(value).slice(0, cut))),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("[", '{"a":', '[{"__proto__":')
        .map((opening) => Buffer.from(opening.repeat(50_000))),
    },
    {
      weight: 1,
      // Whole, unlike those above: what looks at each level by calling itself is out of stack.
      arbitrary: fc
        .tuple(fc.constantFrom(["[", "]"], ['{"a":', "}"]), fc.constantFrom(60, 5_000, 100_000))
        .map(([[opening = "", closing = ""], levels]) =>
          Buffer.from(`${opening.repeat(levels)}0${closing.repeat(levels)}`),
        ),
    },
  );
}

/** Mostly what a schema asks for, and now and then anything. */
function anyValueOf(document: OpenApi, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const fitting = depth === 0 ? junk : fittingValueOf(document, schema, depth);
  return fc.oneof({ weight: 8, arbitrary: fitting }, { weight: 1, arbitrary: junk });
}

function fittingValueOf(document: OpenApi, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const inner = (each: Schema) => anyValueOf(document, each, depth - 1);
  if (schema.$ref !== undefined) {
    const referred = document.components?.schemas?.[schema.$ref.split("/").at(-1) ?? ""];
    return referred === undefined ? junk : inner(referred);
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices !== undefined && choices.length > 0) return fc.oneof(...choices.map(inner));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object": {
      const members = Object.entries(schema.properties ?? {}).map(
        ([name, each]) => [name, inner(each)] as const,
      );
      return fc.record(Object.fromEntries(members), {
        requiredKeys: members.filter((_, i) => i % 5 !== 4).map(([name]) => name),
      });
    }
    case "array":
      return fc.array(schema.items === undefined ? junk : inner(schema.items), { maxLength: 4 });
    case "integer":
    case "number":
      return fc.oneof(fc.nat(70_000), fc.integer(), fc.double());
    case "boolean":
      return fc.boolean();
    case "string":
      return likely;
    default:
      return junk;
  }
}

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : json(value);
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}

/** Half a surrogate pair has no encoding: a client would send what replaces it. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
