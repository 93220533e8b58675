import type { HubShop, ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";

/** What the Hub has of shops, kept for a while: every signed request asks. */
export interface KeptHubShops {
  /**
   * @param told what the directory tells of the shop: another text, and it is read anew
   * @param fits whether what is kept is enough; where it is not, it is read anew, though not over and over
   * @throws HANSE_RPC_* where the chain is away and nothing was read since the directory told this
   */
  find(code: string, told: string, fits: (shop: HubShop) => boolean): Promise<HubShop>;
}

interface Kept {
  readonly shop: HubShop;
  readonly told: string;
  readonly at: number;
}

/** What is older is read anew while it serves for what asks now: a key that is revoked is good for no longer. */
const FRESH_MS = 5_000;
/** What is older serves nobody, unless the chain is away. */
const STALE_MS = 30_000;
/** Anybody can show what does not fit, and a chain that is away need not be asked by each request. */
const AGAIN_MS = 1_000;
const MOST = 10_000;

export function createKeptHubShops({
  read,
  clock,
}: {
  readonly read: ReadHubShop;
  readonly clock: Pick<Clock, "now">;
}): KeptHubShops {
  const kept = new Map<string, Kept>();
  const tried = new Map<string, number>();
  const reading = new Map<string, Promise<HubShop>>();

  return {
    async find(code, told, fits) {
      const known = kept.get(code);
      if (known?.told !== told) return await readAnew(code, told);
      const age = clock.now() - known.at;
      if (clock.now() - (tried.get(code) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return known.shop;
      if (fits(known.shop) && age < STALE_MS) {
        if (age >= FRESH_MS) readAnew(code, told).catch(() => undefined);
        return known.shop;
      }
      return await readAnew(code, told).catch((error: unknown) => {
        // What was read of it when it was told stands until the chain can be asked again.
        if (isRetryable(error)) return known.shop;
        throw error;
      });
    },
  };

  /** However many ask: once at a time. */
  function readAnew(code: string, told: string): Promise<HubShop> {
    const name = `${code} ${told}`;
    let answer = reading.get(name);
    if (answer === undefined) {
      const at = clock.now();
      tried.set(code, at);
      answer = read(code)
        .then((shop) => {
          if (kept.size >= MOST) {
            kept.clear();
            tried.clear();
          }
          kept.set(code, { shop, told, at });
          return shop;
        })
        .finally(() => reading.delete(name));
      reading.set(name, answer);
    }
    return answer;
  }
}
