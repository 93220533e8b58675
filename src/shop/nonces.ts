import { type Clock, systemClock } from "#src/kernel/clock.ts";

/** Nonces of signed requests, for as long as their signatures are good. */
export interface Nonces {
  /** @returns false where this shop used it before, or may have, or where its signature is good no more */
  take(code: string, nonce: string, expires: Date, created: Date): boolean;
  readonly size: number;
}

/**
 * In memory, since every request has one. What an earlier process took is not known any more: what was signed before this
 * one began is refused as if it had been taken, and whoever really sent it signs anew.
 */
export function createNonces({ clock = systemClock }: { readonly clock?: Pick<Clock, "now"> } = {}): Nonces {
  // Signatures tell whole seconds.
  const began = Math.floor(clock.now() / 1_000) * 1_000;
  const taken = new Map<string, number>();
  return {
    take(code, nonce, expires, created) {
      forgetExpired();
      if (created.getTime() < began) return false;
      // It ran out while it was checked: whether it was taken is forgotten by now.
      if (expires.getTime() < clock.now()) return false;
      const name = `${code} ${nonce}`;
      if (taken.has(name)) return false;
      taken.set(name, expires.getTime());
      return true;
    },
    get size() {
      return taken.size;
    },
  };

  // The oldest stand first; a long-lived one keeps those behind it for as long as it lives, which is minutes at most.
  function forgetExpired(): void {
    for (const [name, expires] of taken) {
      if (expires >= clock.now()) return;
      taken.delete(name);
    }
  }
}
