import type { Claim } from "./claim.ts";
import type { ContentAddress } from "./content-address.ts";
import type { StoredContent } from "./content-store.ts";

interface Entry extends StoredContent {
  readonly claims: Map<string, Claim>;
}

/** What an uploader has here, in bytes. */
export interface Usage {
  /** All content it claims. */
  readonly claimedBytes: number;
  /** Promised to uploads that are under way. */
  readonly reservedBytes: number;
}

/**
 * Who claims what, what that comes to, and what may go: the arithmetic of quotas and retention, without any disk. Content
 * counts once in the total, and in full for each uploader that claims it. Content that nobody claims is kept as if it had
 * been claimed when it was stored.
 */
export function createContentAccounts({ retentionMs }: { readonly retentionMs: number }) {
  const entries = new Map<ContentAddress, Entry>();
  const claimed = new Map<string, number>();
  const reserved = new Map<string, number>();
  let storedBytes = 0;
  let reservedBytes = 0;

  const add = (map: Map<string, number>, name: string, bytes: number) =>
    map.set(name, (map.get(name) ?? 0) + bytes);
  const isOver = (since: number, now: number) => since + retentionMs <= now;
  const isClaimOver = ({ pinned, touchedAt }: Claim, now: number) => !pinned && isOver(touchedAt, now);

  const accounts = {
    storedBytes: () => storedBytes,
    reservedBytes: () => reservedBytes,
    usage: (uploader: string): Usage => ({
      claimedBytes: claimed.get(uploader) ?? 0,
      reservedBytes: reserved.get(uploader) ?? 0,
    }),
    has: (address: ContentAddress) => entries.has(address),
    sizeOf: (address: ContentAddress) => entries.get(address)?.size,
    claimsOn: (address: ContentAddress): Claim[] => [...(entries.get(address)?.claims.values() ?? [])],
    claimOf: (address: ContentAddress, uploader: string) => entries.get(address)?.claims.get(uploader),
    claimsOf: (uploader: string): Claim[] =>
      [...entries.values()].flatMap(({ claims }) => claims.get(uploader) ?? []),

    /** Content that is in the store now. */
    store({ address, size, storedAt }: StoredContent): void {
      const known = entries.get(address);
      const grown = size - (known?.size ?? 0);
      entries.set(address, { address, size, storedAt, claims: known?.claims ?? new Map() });
      storedBytes += grown;
      // A damaged copy had another size, and was healed.
      for (const uploader of known?.claims.keys() ?? []) add(claimed, uploader, grown);
    },
    /** Content that is gone, and all claims on it. */
    remove(address: ContentAddress): void {
      const entry = entries.get(address);
      if (entry === undefined) return;
      for (const uploader of [...entry.claims.keys()]) accounts.release(address, uploader);
      entries.delete(address);
      storedBytes -= entry.size;
    },
    /** Sets a claim on content that is here. */
    claim(claim: Claim): void {
      const entry = entries.get(claim.address);
      if (entry === undefined) return;
      if (!entry.claims.has(claim.uploader)) add(claimed, claim.uploader, entry.size);
      entry.claims.set(claim.uploader, claim);
    },
    release(address: ContentAddress, uploader: string): void {
      const entry = entries.get(address);
      if (entry?.claims.delete(uploader)) add(claimed, uploader, -entry.size);
    },
    reserve(uploader: string, bytes: number): void {
      add(reserved, uploader, bytes);
      reservedBytes += bytes;
    },

    /** What nobody has to keep any more, the longest unwanted first. */
    expired(now: number): StoredContent[] {
      const since = ({ claims, storedAt }: Entry) =>
        claims.size === 0 ? storedAt : Math.max(...[...claims.values()].map(({ touchedAt }) => touchedAt));
      return [...entries.values()]
        .filter((entry) =>
          entry.claims.size === 0
            ? isOver(entry.storedAt, now)
            : [...entry.claims.values()].every((claim) => isClaimOver(claim, now)),
        )
        .sort((a, b) => since(a) - since(b));
    },
    /** The claims of one uploader that are older than content is kept, oldest first. */
    expiredClaims(uploader: string, now: number): Claim[] {
      return accounts
        .claimsOf(uploader)
        .filter((claim) => isClaimOver(claim, now))
        .sort((a, b) => a.touchedAt - b.touchedAt);
    },
  };
  return accounts;
}

export type ContentAccounts = ReturnType<typeof createContentAccounts>;
