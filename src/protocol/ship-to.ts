import { type Hex, keccak256, stringToHex } from "viem";
import { z } from "zod";

/** One way to write each text: composed characters, nothing around it, nothing that cannot be printed or encoded. */
const text = (most: number) =>
  z
    .string()
    .normalize("NFC")
    .trim()
    .max(most)
    .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), "control characters are not taken");

/** Where a parcel goes. Told to the seller alone; orders and deals have `shipToHash`. */
export const shipToSchema = z.strictObject({
  name: text(200).min(1),
  /** Street and house, and what a carrier needs besides. */
  lines: z.array(text(200).min(1)).min(1).max(4),
  city: text(100).min(1),
  /** Empty where the country has none. */
  region: text(100),
  postalCode: text(20),
  /** ISO 3166-1, two letters. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** 32 random bytes: without them an address could be found by trying. */
  salt: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/)
    .transform((salt) => salt.toLowerCase() as Hex),
});

export type ShipTo = z.output<typeof shipToSchema>;

/**
 * What a purchase and a deal say of the address: `keccak256` of its canonical JSON (RFC 8785: members by name, no spaces), in
 * UTF-8.
 * @param shipTo as `shipToSchema` gives it
 */
export function shipToHash({ name, lines, city, region, postalCode, country, salt }: ShipTo): Hex {
  // In the order of their names.
  return keccak256(stringToHex(JSON.stringify({ city, country, lines, name, postalCode, region, salt })));
}
