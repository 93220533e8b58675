import type { ContentAddress } from "./content-address.ts";

/** Keeps those who use content and those who remove it apart, within this process. */
export function createContentHolds() {
  const held = new Map<ContentAddress, number>();
  const leaving = new Map<ContentAddress, Promise<void>>();
  return {
    /** From now on it is not removed, until as many releases; waits for a removal that has begun. */
    async hold(address: ContentAddress): Promise<void> {
      held.set(address, (held.get(address) ?? 0) + 1);
      await leaving.get(address);
    },
    release(address: ContentAddress): void {
      const left = (held.get(address) ?? 0) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    },
    isHeld: (address: ContentAddress) => held.has(address),
    /** Runs a removal; asked only where nobody holds it. */
    async removing(address: ContentAddress, remove: () => Promise<void>): Promise<void> {
      const removal = remove().finally(() => leaving.delete(address));
      // Whoever waits goes on however it ends.
      leaving.set(
        address,
        removal.catch(() => undefined),
      );
      await removal;
    },
  };
}
