import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ErrorCode, errorCodes, isErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";

describe("HanseError", () => {
  it("shows no secret, in message, JSON or details", () => {
    const error = new HanseError(
      "HANSE_DATABASE_UNAVAILABLE",
      "cannot reach postgres://hanse:s3cr3t@db:5432/x",
      {
        cause: new Error("https://rpc.example/?apikey=s3cr3t refused"),
        details: {
          privateKey: "0xs3cr3t",
          nested: [{ db_password: "s3cr3t", url: "redis://u:s3cr3t@h" }],
          header: "Bearer s3cr3t-s3cr3t",
        },
      },
    );
    expect(error.message + JSON.stringify(error)).not.toContain("s3cr3t");
  });

  it("is not retryable unless its code or its maker says so", () => {
    expect(isRetryable(new HanseError("HANSE_ORDER_EXPIRED", "late"))).toBe(false);
    expect(isRetryable(new HanseError("HANSE_RPC_UNAVAILABLE", "down"))).toBe(true);
    expect(isRetryable(new HanseError("HANSE_RPC_UNAVAILABLE", "gone", { retryable: false }))).toBe(false);
    expect(isRetryable({ retryable: true })).toBe(false);
  });

  it("says what happened, why, what to do and its code", () => {
    const error = new HanseError("HANSE_DISK_FULL", "No space for the book", { cause: new Error("ENOSPC") });
    expect(error.message.split("\n")).toEqual([
      "No space for the book",
      "Cause: ENOSPC",
      `What to do: ${errorCodes.HANSE_DISK_FULL.hint}`,
      "Code: HANSE_DISK_FULL",
    ]);
  });

  it("walks to the innermost cause, to a wanted one, and out of a circle", () => {
    const root = new Error("root");
    const inner = new HanseError("HANSE_DISK_FULL", "inner", { cause: root });
    const outer = new HanseError("HANSE_INTERNAL", "outer", { cause: inner });
    expect(outer.walk()).toBe(root);
    expect(outer.walk((error) => isHanseError(error, "HANSE_DISK_FULL"))).toBe(inner);
    expect(outer.walk((error) => isHanseError(error, "HANSE_NOT_FOUND"))).toBeUndefined();
    root.cause = outer;
    expect(outer.walk()).toBe(root);
  });

  it("writes bigint details as decimal strings and cuts circles", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const json = new HanseError("HANSE_ORDER_UNFUNDED", "short", {
      details: { missing: 2n ** 63n, circle },
    }).toJSON();
    expect(json.details).toEqual({ missing: "9223372036854775808", circle: { self: "[circular]" } });
  });

  it("keeps its laws for any input", () => {
    const codes = fc.constantFrom(...(Object.keys(errorCodes) as ErrorCode[]));
    fc.assert(
      fc.property(codes, fc.string(), fc.dictionary(fc.string(), fc.anything()), (code, text, details) => {
        const error = new HanseError(code, text, { details });
        const json = error.toJSON();
        expect(json.code).toBe(code);
        expect(json.hint).not.toBe("");
        expect(error.message.endsWith(`Code: ${code}`)).toBe(true);
      }),
    );
  });
});

it("knows its codes and nobody else's", () => {
  expect(isErrorCode("HANSE_DISK_FULL")).toBe(true);
  for (const other of ["toString", "__proto__", "HANSE_NOPE", 3, undefined])
    expect(isErrorCode(other)).toBe(false);
});
