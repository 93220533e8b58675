import type { Selectable, Transaction } from "kysely";
import { z } from "zod";
import { type PartnershipAnswer, partnershipAnswerSchema } from "#src/client/shop-schema.ts";
import { createHttpClient, type Fetch } from "#src/http/http-client.ts";
import { stringifyJson } from "#src/http/json.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { ErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { Peers } from "./peers.ts";

/** Something to tell another shop, as often as it takes. */
export interface Delivery {
  /** The other side answers the same id alike. */
  readonly id: string;
  /** What is told in order; what has another lane does not wait for it. One for all that has none. */
  readonly lane?: string;
  readonly peer: string;
  readonly path: string;
  readonly body: unknown;
}

export interface SignedCall<Schema extends z.ZodType> {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly schema: Schema;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent again where no answer came: it carries an id that makes that harmless. */
  readonly idempotent?: boolean;
}

/** Signed requests to other shops. */
export interface PeerPost {
  /** One signed request. @throws HANSE_SHOP_UNKNOWN, HANSE_SHOP_UNPROVED, HANSE_PEER_*, and whatever the other answers */
  call<Schema extends z.ZodType>(
    peer: string,
    path: string,
    call: SignedCall<Schema>,
  ): Promise<z.output<Schema>>;
  /** A call about a partnership, answered. */
  ask(peer: string, path: string, body: unknown): Promise<PartnershipAnswer>;
  /** Writes down, in the transaction of what it tells of, that it has to be told. */
  later(trx: Transaction<ShopTables>, delivery: Delivery): Promise<void>;
  /** Tries now what was written down. @returns whether it is told */
  now(delivery: Delivery): Promise<boolean>;
  /** Has somebody hear of everything that was told and is not taken. */
  onRefusal(listener: RefusalListener): void;
  /** Delivers what is due until the signal. */
  keepDelivering(signal: AbortSignal): Promise<void>;
}

/**
 * Hears why another shop does not take what it was told, before that is forgotten or told again; of the same more than once where
 * this shop dies in between. @returns the body that is told instead, if it is told again; undefined for the same
 */
export type RefusalListener = (delivery: Delivery, error: HanseError) => Promise<unknown>;

export interface PeerPostDeps {
  readonly database: ShopDatabase;
  readonly code: string;
  readonly keys: Pick<ShopKeys, "present">;
  readonly peers: Pick<Peers, "find">;
  /** For endpoints that strangers chose. */
  readonly fetch: Fetch;
  /** Looks whether this shop has another key by now. @returns whether it looked */
  readonly lookAgain?: () => Promise<boolean>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** What could not be told for so long is not told any more: the other asks when it comes back. */
const GIVE_UP_MS = 7 * 86_400_000;
const LOOK_MS = 1_000;
const AT_ONCE = 8;

const anything = z.unknown();

export function createPeerPost(deps: PeerPostDeps): PeerPost {
  const { database, code, keys, peers, fetch, logger, clock = systemClock } = deps;
  const { lookAgain = async () => false } = deps;
  const client = createHttpClient({ fetch, clock }, { retries: 0 });
  const listeners: RefusalListener[] = [];

  async function call<Schema extends z.ZodType>(peer: string, path: string, request: SignedCall<Schema>) {
    const { endpoint } = await peers.find(peer);
    const {
      method = request.body === undefined ? "GET" : "POST",
      body,
      idempotent = method === "GET",
    } = request;
    const url = `${endpoint.replace(/\/+$/, "")}${path}`;
    const own: Record<string, string> = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...request.headers,
    };
    const once = async () => {
      const signed = await signRequest(
        { method, url, headers: own, ...(body === undefined ? {} : { body: stringifyJson(body) }) },
        { code, key: keys.present },
        peer,
        { clock },
      );
      return await client.request(url, {
        ...{ method, schema: request.schema, headers: { ...own, ...signed } },
        ...(body === undefined ? {} : { body }),
      });
    };
    // Each try is signed anew: a signature is good for one.
    for (let attempt = 0; ; attempt++) {
      try {
        return await once();
      } catch (error) {
        // A shop that has just begun does not know what it took before.
        const again =
          isHanseError(error, "HANSE_SIGNATURE_REPLAYED") ||
          (idempotent && isRetryable(error)) ||
          // The other may have heard of our next key before we did.
          (isHanseError(error, "HANSE_SIGNATURE_KEY_UNKNOWN") && (await lookAgain()));
        if (!again || attempt >= 2 || isHanseError(error, "HANSE_RATE_LIMITED")) throw error;
        await clock.sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2));
      }
    }
  }

  const post: PeerPost = {
    call,
    ask: (peer, path, body) => call(peer, path, { body, schema: partnershipAnswerSchema, idempotent: true }),
    async later(trx, { id, peer, path, body, lane = "" }) {
      const now = new Date(clock.now());
      await trx
        .insertInto("deliveries")
        .values({ id, peer, lane, path, body: stringifyJson(body), due_at: now, created_at: now })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },
    async now({ id, peer, lane = "" }) {
      // What was written down before has to be told before.
      for (;;) {
        const row = await first().where("peer", "=", peer).where("lane", "=", lane).executeTakeFirst();
        if (row === undefined) return true;
        if (!(await deliver(row))) return false;
        if (row.id === id) return true;
      }
    },
    onRefusal: (listener) => void listeners.push(listener),
    async keepDelivering(signal) {
      while (!signal.aborted) {
        try {
          const told = await Promise.all((await dueNow()).map(deliver));
          if (told.some(Boolean)) continue;
        } catch (error) {
          if (!isRetryable(error)) throw error;
          logger.warn({ err: error }, "deliveries to other shops wait");
        }
        await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      }
    },
  };
  return post;

  /** One delivery to each shop at a time: one that does not answer keeps nobody else waiting. */
  function dueNow() {
    const byPeer = database.kysely
      .selectFrom(first().as("first"))
      .selectAll()
      .where("due_at", "<=", new Date(clock.now()))
      .distinctOn("peer")
      .orderBy("peer")
      .orderBy("due_at");
    return database.kysely
      .selectFrom(byPeer.as("due"))
      .selectAll()
      .orderBy("due_at")
      .limit(AT_ONCE)
      .execute();
  }

  /** The next delivery to each shop, of each lane. */
  function first() {
    return database.kysely
      .selectFrom("deliveries")
      .selectAll()
      .distinctOn(["peer", "lane"])
      .orderBy("peer")
      .orderBy("lane")
      .orderBy("number");
  }

  async function deliver(row: Selectable<ShopTables["deliveries"]>): Promise<boolean> {
    const about = { peer: row.peer, path: row.path, delivery: row.id };
    try {
      await call(row.peer, row.path, { body: JSON.parse(row.body), schema: anything });
    } catch (error) {
      const tried = row.attempts + 1;
      const age = clock.now() - row.created_at.getTime();
      const instead = await heard(row, error);
      if (!isRefusal(error) && age < GIVE_UP_MS) {
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tried, 20), LONGEST_PAUSE_MS);
        await database.kysely
          .updateTable("deliveries")
          .set({
            attempts: tried,
            due_at: new Date(clock.now() + pause / 2 + (Math.random() * pause) / 2),
            ...(instead === undefined ? {} : { body: stringifyJson(instead) }),
          })
          .where("id", "=", row.id)
          .execute();
        return false;
      }
      logger.warn({ ...about, err: error }, "a shop refuses what it was told");
    }
    await database.kysely.deleteFrom("deliveries").where("id", "=", row.id).execute();
    return true;
  }

  async function heard(row: Selectable<ShopTables["deliveries"]>, error: unknown): Promise<unknown> {
    if (!(error instanceof HanseError) || error.retryable) return undefined;
    const delivery: Delivery = { ...row, body: JSON.parse(row.body) as unknown };
    let instead: unknown;
    for (const listener of listeners) instead = (await listener(delivery, error)) ?? instead;
    return instead;
  }
}

/**
 * Whether the other shop has understood what it was told, and will not have it. That it cannot be found, does not know our key
 * now, cannot open what is sealed to it, or answers as no shop does, passes: what it was to be told, such as where a paid parcel goes, is kept until then.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof HanseError) || error.retryable) return false;
  return !(error.code.startsWith("HANSE_SIGNATURE_") || PASSING.has(error.code));
}

const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "HANSE_SHOP_UNKNOWN",
  "HANSE_SHOP_UNPROVED",
  "HANSE_PEER_UNREACHABLE",
  "HANSE_PEER_REFUSED",
  "HANSE_PEER_RESPONSE_INVALID",
  "HANSE_ADDRESS_FORBIDDEN",
  // The other may not have heard of our key yet; and what it refuses is signed anew before it is told again.
  "HANSE_GRANT_KEY_UNKNOWN",
  // We have seen the rating: the other's node may be some blocks behind ours, or its shop be catching up.
  "HANSE_REVIEW_UNRATED",
  // A seller whose key is lost may find it again; a paid order that it has not is lost for good.
  "HANSE_SEALED_BOX_INVALID",
]);
