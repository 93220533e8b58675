import type { Address, Hex } from "viem";
import { open } from "#src/identity/sealed-box.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopDatabase } from "./shop-tables.ts";

/** Where a shop keeps its keys. */
export interface ShopKeyStore {
  /** Those it has beside the one it signs with: the next one, if one was made, and the one before. */
  others(): Promise<readonly ShopKey[]>;
  /** It signs with this one from now on, also after a restart. */
  use(key: ShopKey): Promise<void>;
}

/**
 * The keys of this shop. It signs with one: the one it began with, until its directory lists another that it has as its own.
 * A key is made before it is announced, and boxes may be sealed to one that is good no more, so that it has others too.
 */
export interface ShopKeys {
  /** The one to sign with now: to be asked for each signature. */
  readonly present: ShopKey;
  /** One that the shop has, if only to prove that it has it. */
  find(publicKey: Hex): Promise<ShopKey | undefined>;
  /** Opens what was sealed to any of them, also to one that was put back a moment ago. @throws HANSE_SEALED_BOX_INVALID */
  open(box: Uint8Array, context: string): Promise<Uint8Array>;
  /** Takes the key that the directory lists for this shop, where it has it. */
  catchUp(): Promise<void>;
}

export interface ShopKeysDeps {
  readonly key: ShopKey;
  readonly store?: ShopKeyStore;
  readonly database: ShopDatabase;
  readonly logger: Logger;
  readonly clock?: Pick<Clock, "now">;
}

/** Keys are looked for again no more often: anybody can ask for one. */
const LOOK_MS = 500;

/** A shop that has one key, and no place for others. */
const oneKey: ShopKeyStore = { others: async () => [], use: async () => undefined };

export async function createShopKeys(
  deps: ShopKeysDeps,
  { code, owner }: { readonly code: string; readonly owner: Address },
): Promise<ShopKeys> {
  const { store = oneKey, database, logger, clock = systemClock } = deps;
  let present = deps.key;
  const all = new Map<Hex, ShopKey>([[present.publicKey, present]]);
  let lookedAt = Number.NEGATIVE_INFINITY;

  const keys: ShopKeys = {
    get present() {
      return present;
    },

    async find(publicKey) {
      if (!all.has(publicKey)) await look();
      return all.get(publicKey);
    },

    async open(box, context) {
      let refusal: unknown = new HanseError("HANSE_SEALED_BOX_INVALID", "This shop has no key");
      const tried = new Set<ShopKey>();
      for (const again of [false, true]) {
        if (again)
          await look().catch((err: unknown) => logger.warn({ err }, "the shop's keys cannot be read"));
        for (const key of all.values()) {
          if (tried.has(key)) continue;
          tried.add(key);
          try {
            return open(key, box, context);
          } catch (error) {
            refusal = error;
          }
        }
      }
      throw refusal;
    },

    async catchUp() {
      const own = await database.kysely
        .selectFrom("peers")
        .select("key")
        .where("code", "=", code)
        .where("owner", "=", owner)
        .executeTakeFirst();
      if (own === undefined || own.key === present.publicKey) return;
      const listed = await keys.find(own.key);
      if (listed === undefined) {
        logger.warn({ key: own.key }, "the Hub has a key for this shop that it has not got");
        return;
      }
      await store.use(listed);
      present = listed;
      logger.info({ key: listed.publicKey }, "signing with the next key");
    },
  };
  await look();
  return keys;

  async function look(): Promise<void> {
    if (clock.now() - lookedAt < LOOK_MS) return;
    lookedAt = clock.now();
    for (const key of await store.others()) all.set(key.publicKey, key);
  }
}
