import type { Hex } from "viem";
import { followShopList } from "#src/client/follow-shop-list.ts";
import type { HubClient } from "#src/client/hub-client.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopDatabase } from "../shop-tables.ts";
import { createToldShops } from "./told-shops.ts";

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
  const told = createToldShops({ database, clock }, { hubs: hubs.map(({ url }) => url) });
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
      // With no hub service left to ask, nothing that one told holds.
      if (hubs.length === 0) await told.forgetOthers();
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
        .then((own) => {
          keys.set(url, { keys: own, at: clock.now() });
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

  async function syncOne(hub: KnownHub): Promise<void> {
    await told.forgetOthers();
    await followShopList(told, hub, {
      limit: PAGE,
      onBegunAnew: (feed) => logger.warn({ hub: hub.url, feed }, "a hub service's list began anew"),
    });
  }
}
