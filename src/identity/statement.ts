import { type Address, type Hex, isAddressEqual } from "viem";
import { z } from "zod";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { isShopCode } from "#src/protocol/shop-code.ts";
import { isSignedBy, peekCompact, signCompact } from "./compact-jws.ts";
import { publicJwk, type ShopKey } from "./shop-key.ts";

/** What a shop serves at `/.well-known/hanse-shop`, signed with its key: that the key is its own, and where it is in. */
export interface ShopStatement {
  readonly chainId: number;
  /** The Hub it is, or wants to be, a member of. */
  readonly hub: Address;
  readonly owner: Address;
  readonly code: string;
  /** The key it is signed with: Ed25519, 32 bytes. */
  readonly key: Hex;
  readonly endpoint: string;
  /** What the asker sent, so that the statement is known to be made for it. */
  readonly challenge?: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
}

export type ExpectedStatement = Omit<ShopStatement, "issuedAt">;

/**
 * Where it is served, as it is (`application/jose`); asked with `?challenge=…&key=0x…`: a shop that has two keys signs with the one
 * asked for.
 */
export const STATEMENT_PATH = "/.well-known/hanse-shop";
/** What an asker may send as `?challenge=`. */
export const CHALLENGE_PATTERN = /^[\w-]{16,128}$/;

const TYPE = "hanse-statement+jwt";
/** For how long (seconds) a statement is good. It is made when it is asked for: old ones are somebody else's. */
const LIFETIME_S = 600;
/** By how much (seconds) clocks may differ. */
const SKEW_S = 60;

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text as Address);
const statementSchema = z.object({
  chainId: z.number().int().positive(),
  hub: address,
  owner: address,
  code: z.string().refine(isShopCode),
  key: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .transform((text) => text as Hex),
  endpoint: z.string().max(256),
  challenge: z.string().regex(CHALLENGE_PATTERN).optional(),
  issuedAt: z.number().int().nonnegative(),
});

/** @returns a compact JWS */
export async function signStatement(key: ShopKey, statement: ShopStatement): Promise<string> {
  return signCompact(key, { typ: TYPE, kid: publicJwk(key.publicKey).kid }, statement);
}

/**
 * @param expected what the asker knows from elsewhere; each of it is compared
 * @throws HANSE_STATEMENT_MALFORMED, HANSE_STATEMENT_SIGNATURE_INVALID, HANSE_STATEMENT_MISMATCH (`details.field`),
 * HANSE_STATEMENT_EXPIRED
 */
export async function verifyStatement(
  jws: string,
  expected: ExpectedStatement,
  clock: Pick<Clock, "now">,
): Promise<ShopStatement> {
  const parsed = statementSchema.safeParse(peekCompact(jws)?.payload);
  if (!parsed.success) throw new HanseError("HANSE_STATEMENT_MALFORMED", "This is no statement of a shop");
  if (!(await isSignedBy(jws, expected.key, TYPE))) {
    throw new HanseError(
      "HANSE_STATEMENT_SIGNATURE_INVALID",
      `The statement is not signed with the key of ${expected.code}`,
    );
  }
  const { challenge, ...rest } = parsed.data;
  const statement: ShopStatement = challenge === undefined ? rest : { ...rest, challenge };
  const field = differingField(statement, expected);
  if (field !== undefined) {
    throw new HanseError("HANSE_STATEMENT_MISMATCH", `The statement names another ${field}`, {
      details: { field, stated: statement[field], expected: expected[field] },
    });
  }
  const age = Math.floor(clock.now() / 1000) - statement.issuedAt;
  if (age > LIFETIME_S || age < -SKEW_S) {
    throw new HanseError("HANSE_STATEMENT_EXPIRED", `The statement was made ${age} seconds ago`, {
      details: { issuedAt: statement.issuedAt, age },
    });
  }
  return statement;
}

function differingField(
  statement: ShopStatement,
  expected: ExpectedStatement,
): keyof ExpectedStatement | undefined {
  if (!isAddressEqual(statement.hub, expected.hub)) return "hub";
  if (!isAddressEqual(statement.owner, expected.owner)) return "owner";
  if (statement.key !== expected.key.toLowerCase()) return "key";
  return (["chainId", "code", "endpoint", "challenge"] as const).find(
    (name) => statement[name] !== expected[name],
  );
}
