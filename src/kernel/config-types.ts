import { z } from "zod";

// Values arrive as text from the environment and flags, and typed from a JSON file: each schema takes both.

/** A TCP port, 1 to 65535, or 0 for any free one. */
export const portOption = () => wholeNumberOption({ min: 0, max: 65_535 });

/** A whole number within bounds (inclusive). */
export function wholeNumberOption(bounds: { min?: number; max?: number } = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  return z
    .union([
      z.number(),
      z
        .string()
        .trim()
        .regex(/^-?\d+$/, "not a whole number")
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max));
}

/** `true` or `false` (also 1/0, yes/no, on/off). */
export const switchOption = () => z.union([z.boolean(), z.stringbool()]);

/** An amount in its smallest unit, as decimal digits. */
export const amountOption = () =>
  z
    .union([
      z.string().trim().regex(/^\d+$/, "not a whole number without sign"),
      z.number().int().nonnegative(),
    ])
    .transform(BigInt);

/** An http or https URL, without a trailing slash. */
export const httpUrlOption = () =>
  z
    .url({ protocol: /^https?$/, error: "not an http or https URL" })
    .transform((url) => url.replace(/\/+$/, ""));

/** Texts separated by commas, or a JSON array of texts; empty items are dropped. */
export const listOption = () =>
  z
    .union([z.array(z.string()), z.string().transform((text) => text.split(","))])
    .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ""));
