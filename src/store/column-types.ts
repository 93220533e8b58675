import pg from "pg";

type Parse = (value: string) => unknown;

const int8 = 20;
const int8Array = 1016;

// The typings of pg list no array types.
const textArray = (pg.types.getTypeParser as (id: number, format: "text") => Parse)(int8Array, "text");

const parsers: Readonly<Record<number, Parse>> = {
  [int8]: BigInt,
  [int8Array]: (value) => nested(textArray(value)),
};

/**
 * How columns arrive: int8 as bigint, because a JavaScript number loses digits; numeric stays text, for the caller
 * knows its scale; everything else as `pg` does. Set for each pool, so that no other user of `pg` is affected.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((id: number, format?: "text" | "binary") =>
    (format === "binary" ? undefined : parsers[id]) ??
    pg.types.getTypeParser(id, format as "text")) as pg.CustomTypesConfig["getTypeParser"],
};

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return typeof value === "string" ? BigInt(value) : value;
}
