import type { HubClient } from "./hub-client.ts";
import type { ShopPage } from "./hub-schema.ts";

/** Where what a hub service lists is kept. */
export interface ShopListKeeper {
  /** How far it was listened to. */
  cursorOf(url: string): Promise<{ readonly feed: string; readonly cursor: string } | undefined>;
  /** Takes a page over, with where it ends. Once the list has come to its end, what was not told in it is told no more. */
  take(url: string, page: ShopPage): Promise<void>;
  /** Has the list read from its beginning. What it told stays until the end of that. */
  beginAnew(url: string): Promise<void>;
}

export interface FollowShopListOptions {
  /** Shops in a page. */
  readonly limit: number;
  readonly onBegunAnew?: (feed: string) => void;
  /** No further page is asked for once it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * All that is new in the list of one hub service, page by page. One that tells another feed than before, or less than it told,
 * has lost what it told: all of it is asked anew, once at a time, so that one that does so again and again keeps nothing waiting.
 * @throws HANSE_PEER_*, and what keeps it throws
 */
export async function followShopList(
  keeper: ShopListKeeper,
  { url, client }: { readonly url: string; readonly client: Pick<HubClient, "shops"> },
  { limit, onBegunAnew, signal }: FollowShopListOptions,
): Promise<void> {
  for (let begun = 0; begun < 2 && signal?.aborted !== true; ) {
    const known = await keeper.cursorOf(url);
    const page = await client.shops({ limit, ...(known === undefined ? {} : { since: known.cursor }) });
    if (known !== undefined && (known.feed !== page.feed || BigInt(page.next) < BigInt(known.cursor))) {
      onBegunAnew?.(page.feed);
      await keeper.beginAnew(url);
      begun++;
      continue;
    }
    await keeper.take(url, page);
    // One that says that there is more, and goes no further, has no end.
    if (!page.more || page.next === known?.cursor) return;
  }
}
