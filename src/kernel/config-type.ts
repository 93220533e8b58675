import { z } from "zod";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a value of an option is, in words, as its schema says: `whole number, 0 to 65535`. */
export function typeInWords(schema: z.ZodType): string {
  // What comes out tells more, where the schema converts to something JSON knows; else what goes in.
  return wordsOf(jsonSchema(schema, "output")) ?? wordsOf(jsonSchema(schema, "input")) ?? "text";
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  return z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
}

function wordsOf({ type, format, enum: choices, minimum, maximum }: JsonSchema): string | undefined {
  if (choices !== undefined) return choices.join(", ");
  switch (type) {
    case "integer":
      return `whole number${rangeOf(minimum, maximum)}`;
    case "number":
      return `number${rangeOf(minimum, maximum)}`;
    case "boolean":
      return "true or false";
    case "array":
      return "list";
    case "string":
      return format === "uri" ? "URL" : "text";
    default:
      return undefined;
  }
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum === undefined && maximum === undefined) return "";
  if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) return `, ${minimum} at least`;
  return `, ${minimum ?? "any"} to ${maximum}`;
}
