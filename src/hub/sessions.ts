import { createHash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Address } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { HubDatabase, HubQueries } from "./hub-tables.ts";

/** A session as its owner gets it. */
export interface OpenedSession {
  readonly id: string;
  readonly account: Address;
  /** Good once. Kept here as its hash alone. */
  readonly refreshToken: string;
  readonly expiresAt: Date;
}

/**
 * Sessions of wallets: a family of refresh tokens, of which the newest is good, once. One that was used before is in two
 * hands, and nobody can tell which is the thief's: its family ends.
 */
export interface Sessions {
  /** A nonce for one log-in. */
  nonce(): Promise<{ readonly nonce: string; readonly expiresAt: Date }>;
  /** @throws HANSE_LOGIN_NONCE_UNKNOWN where it was not given out, is too old, or was used */
  takeNonce(nonce: string): Promise<void>;
  open(account: Address): Promise<OpenedSession>;
  /** @throws HANSE_SESSION_UNKNOWN, HANSE_SESSION_REVOKED */
  rotate(refreshToken: string): Promise<OpenedSession>;
  /** Ends the session of a token; harmless where there is none. */
  close(refreshToken: string): Promise<void>;
  /** Is this session good still? */
  isOpen(id: string): Promise<boolean>;
}

const NONCE_MS = 300_000;
/** A session lasts so long (milliseconds) without being refreshed, and is longer by it. */
const SESSION_MS = 14 * 86_400_000;

export function createSessions(deps: { readonly database: HubDatabase; readonly clock?: Clock }): Sessions {
  const { database, clock = systemClock } = deps;
  const { kysely } = database;
  const after = (ms: number) => new Date(clock.now() + ms);

  async function issue(trx: HubQueries, id: string, account: Address): Promise<OpenedSession> {
    const refreshToken = randomBytes(32).toString("base64url");
    const expiresAt = after(SESSION_MS);
    await trx.updateTable("families").set({ expires_at: expiresAt }).where("id", "=", id).execute();
    await trx
      .insertInto("refresh_tokens")
      .values({ hash: hashOf(refreshToken), family: id, used_at: null })
      .execute();
    return { id, account, refreshToken, expiresAt };
  }

  return {
    async nonce() {
      const nonce = randomBytes(16).toString("hex");
      const expiresAt = after(NONCE_MS);
      // What is too old goes as new ones come, and a few more: the table is as large as what is under way.
      await sql`delete from log_in_nonces where nonce in
        (select nonce from log_in_nonces where expires_at < ${after(0)} limit 10)`.execute(kysely);
      await kysely.insertInto("log_in_nonces").values({ nonce, expires_at: expiresAt }).execute();
      return { nonce, expiresAt };
    },

    async takeNonce(nonce) {
      const taken = await kysely
        .deleteFrom("log_in_nonces")
        .where("nonce", "=", nonce)
        .returning("expires_at")
        .executeTakeFirst();
      if (taken !== undefined && taken.expires_at > after(0)) return;
      throw new HanseError(
        "HANSE_LOGIN_NONCE_UNKNOWN",
        "This nonce was not given out, is too old, or was used",
      );
    },

    open: (account) =>
      database.transaction(async (trx) => {
        await sql`delete from families where id in
          (select id from families where expires_at < ${after(0)} limit 10)`.execute(trx);
        const { id } = await trx
          .insertInto("families")
          .values({ account, expires_at: after(SESSION_MS), revoked_at: null })
          .returning("id")
          .executeTakeFirstOrThrow();
        return await issue(trx, id, account);
      }),

    async rotate(refreshToken) {
      const outcome = await database.transaction(async (trx) => {
        // The family is locked: of two that show one token at once, one comes after the other.
        const found = await trx
          .selectFrom("refresh_tokens")
          .innerJoin("families", "families.id", "refresh_tokens.family")
          .select(["families.id", "account", "expires_at", "revoked_at", "used_at"])
          .where("hash", "=", hashOf(refreshToken))
          .forUpdate("families")
          .executeTakeFirst();
        if (found === undefined || found.expires_at <= after(0)) return "unknown";
        if (found.revoked_at !== null) return "revoked";
        // Read once more under the lock: what stood there before it may have been used meanwhile.
        const used = await trx
          .updateTable("refresh_tokens")
          .set({ used_at: after(0) })
          .where("hash", "=", hashOf(refreshToken))
          .where("used_at", "is", null)
          .executeTakeFirst();
        if (used.numUpdatedRows === 0n) {
          await revoke(trx, found.id);
          return "reused";
        }
        return await issue(trx, found.id, found.account);
      });
      if (typeof outcome === "object") return outcome;
      if (outcome === "unknown") throw new HanseError("HANSE_SESSION_UNKNOWN", "There is no such session");
      throw new HanseError(
        "HANSE_SESSION_REVOKED",
        outcome === "reused"
          ? "This refresh token was used before: its session ends"
          : "The session has ended",
      );
    },

    async close(refreshToken) {
      const token = await kysely
        .selectFrom("refresh_tokens")
        .select("family")
        .where("hash", "=", hashOf(refreshToken))
        .executeTakeFirst();
      if (token !== undefined) await revoke(kysely, token.family);
    },

    async isOpen(id) {
      const found = await kysely
        .selectFrom("families")
        .select("id")
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .executeTakeFirst();
      return found !== undefined;
    },
  };

  async function revoke(queries: HubQueries, id: string): Promise<void> {
    await queries
      .updateTable("families")
      .set({ revoked_at: after(0) })
      .where("id", "=", id)
      .where("revoked_at", "is", null)
      .execute();
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
