import type { Hex } from "viem";
import type { HubClient } from "#src/client/hub-client.ts";
import type { ShopView } from "#src/client/hub-schema.ts";
import { isShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopDatabase } from "../shop-tables.ts";

/** A hub service that a shop listens to. */
export interface KnownHub {
  readonly url: string;
  readonly client: Pick<HubClient, "shops" | "keys">;
}

/** Who is in the federation, as hub services tell. */
export interface Directory {
  /** Takes over what changed at one hub service, or at all of them. @throws HANSE_PEER_* */
  sync(hub?: string): Promise<void>;
  /** Whether a key is one that a hub service tells changes with. */
  isKeyOfHub(hub: string, key: Hex): Promise<boolean>;
  readonly hubs: readonly string[];
  /**
   * Looks at all of them because of something that does not fit what is known, though not over and over.
   * @returns whether it looked
   */
  lookAgain(): Promise<boolean>;
  /** Polls until the signal. */
  keepSyncing(signal: AbortSignal): Promise<void>;
}

export interface DirectoryDeps {
  readonly database: ShopDatabase;
  readonly hubs: readonly KnownHub[];
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called when something was taken over. */
  readonly onSynced?: () => Promise<void>;
}

const PAGE = 500;
/** Keys of hub services are asked again after so long, and sooner where one is shown that is not known. */
const KEYS_MS = 60_000;
/** Anybody can show what does not fit: hub services are asked because of it no more often. */
const AGAIN_MS = 2_000;

export function createDirectory(
  deps: DirectoryDeps,
  { everyMs = 30_000 }: { readonly everyMs?: number } = {},
): Directory {
  const { database, hubs, logger, clock = systemClock, onSynced = async () => undefined } = deps;
  const keys = new Map<string, { readonly keys: readonly Hex[]; readonly at: number }>();
  const askingKeys = new Map<string, Promise<void>>();
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  let again: { readonly at: number; readonly done: Promise<boolean> } | undefined;

  const directory: Directory = {
    hubs: hubs.map(({ url }) => url),

    async sync(url) {
      const chosen = hubs.filter((hub) => url === undefined || hub.url === url);
      await Promise.all(
        chosen.map((hub) => {
          const now = running.get(hub.url);
          if (now === undefined) return begin(hub);
          // It may have asked before what we are called for: once more after it, however many call.
          const later = next.get(hub.url) ?? now.catch(() => undefined).then(() => begin(hub));
          next.set(hub.url, later);
          return later;
        }),
      );
    },

    async lookAgain() {
      if (hubs.length === 0) return false;
      if (again === undefined || clock.now() - again.at > AGAIN_MS) {
        const done = directory.sync().then(
          () => true,
          () => false,
        );
        again = { at: clock.now(), done };
      }
      return await again.done;
    },

    async isKeyOfHub(url, key) {
      const hub = hubs.find((each) => each.url === url);
      if (hub === undefined) return false;
      const known = keys.get(url);
      const age = clock.now() - (known?.at ?? Number.NEGATIVE_INFINITY);
      // Anybody can sign with a key of its own: a hub service that is asked for each would soon answer us nothing at all.
      if (age > (known?.keys.includes(key) === true ? KEYS_MS : AGAIN_MS)) await askKeys(hub);
      return keys.get(url)?.keys.includes(key) === true;
    },

    async keepSyncing(signal) {
      while (!signal.aborted) {
        for (const { url } of hubs) {
          await directory.sync(url).catch((err: unknown) => {
            logger.warn(
              { hub: url, err, retryable: isRetryable(err) },
              "a hub service cannot be asked who is in",
            );
          });
        }
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
  };
  return directory;

  /** However many ask: once at a time. Where it does not answer, no key is its own. */
  function askKeys({ url, client }: KnownHub): Promise<void> {
    let asking = askingKeys.get(url);
    if (asking === undefined) {
      asking = client
        .keys()
        .catch((): readonly Hex[] => [])
        .then((told) => {
          keys.set(url, { keys: told, at: clock.now() });
          askingKeys.delete(url);
        });
      askingKeys.set(url, asking);
    }
    return asking;
  }

  function begin(hub: KnownHub): Promise<void> {
    const look = syncOne(hub)
      .then(onSynced)
      .finally(() => running.delete(hub.url));
    next.delete(hub.url);
    running.set(hub.url, look);
    return look;
  }

  async function syncOne({ url, client }: KnownHub): Promise<void> {
    for (;;) {
      const at = await database.kysely
        .selectFrom("hub_cursors")
        .selectAll()
        .where("hub", "=", url)
        .executeTakeFirst();
      const page = await client.shops({ limit: PAGE, ...(at === undefined ? {} : { since: at.cursor }) });
      // Another feed: the hub service lost its database, or is another one. What it said before is asked anew.
      const begunAnew = at !== undefined && at.feed !== page.feed;
      await database.transaction(async (trx) => {
        if (begunAnew) {
          await trx.deleteFrom("hub_cursors").where("hub", "=", url).execute();
          return;
        }
        for (const shop of page.shops) await take(trx, url, shop);
        await trx
          .insertInto("hub_cursors")
          .values({ hub: url, feed: page.feed, cursor: page.next })
          .onConflict((conflict) =>
            conflict.column("hub").doUpdateSet({ feed: page.feed, cursor: page.next }),
          )
          .execute();
      });
      if (!page.more && !begunAnew) return;
    }
  }

  /** What is in the Hub of this hub service stands; what it heard of others only where nobody nearer tells. */
  async function take(
    trx: Pick<ShopDatabase["kysely"], "insertInto" | "updateTable">,
    hub: string,
    view: ShopView,
  ): Promise<void> {
    const origin = view.origin ?? hub;
    // One with a key that is none: the Hub takes any, and nobody can seal anything to it.
    if (view.standing !== "member" || view.shop === undefined || !isShopKey(view.shop.key)) {
      await trx
        .updateTable("peers")
        .set({
          standing: view.standing === "suspended" || view.shop !== undefined ? "suspended" : "left",
          seen_at: new Date(clock.now()),
        })
        .where("code", "=", view.code)
        .where("origin", "=", origin)
        .execute();
      return;
    }
    const { owner, key, previousKey, overlapEnds, endpoint } = view.shop;
    const row = {
      ...{ owner: owner as Hex, endpoint, key: key as Hex, standing: "member" as const, origin },
      previous_key: (previousKey as Hex | undefined) ?? null,
      previous_key_until: overlapEnds === undefined ? null : new Date(overlapEnds),
      seen_at: new Date(clock.now()),
    };
    await trx
      .insertInto("peers")
      .values({ code: view.code, ...row })
      .onConflict((conflict) =>
        conflict
          .column("code")
          .doUpdateSet(row)
          // Another's shop of the same code is not the one we know.
          .where((of) =>
            view.origin === undefined
              ? of.or([
                  of("peers.origin", "=", hub),
                  of(
                    "peers.origin",
                    "not in",
                    hubs.map(({ url }) => url),
                  ),
                  of("peers.owner", "=", row.owner),
                ])
              : of("peers.origin", "=", origin),
          ),
      )
      .execute();
  }
}
