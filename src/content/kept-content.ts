import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type Claim, type ClaimJournal, noClaimJournal } from "./claim.ts";
import { createContentAccounts, type Usage } from "./content-accounts.ts";
import type { ContentAddress } from "./content-address.ts";
import { createContentHolds } from "./content-holds.ts";
import type {
  ContentInfo,
  ContentReading,
  ContentSource,
  ContentStore,
  OpenOptions,
  StoredContent,
} from "./content-store.ts";
import { releasingStream } from "./releasing-stream.ts";
import type { Uploader } from "./uploaders.ts";
import { chunksOf, notFound } from "./verified-stream.ts";

export interface KeptContentDeps {
  readonly store: ContentStore;
  /** Without one claims end with the process. */
  readonly journal?: ClaimJournal;
  readonly clock?: Clock;
}

export interface KeptContentOptions {
  /** Largest sum of all content and of what uploads were promised, in bytes; no limit unless told. */
  readonly quotaBytes?: number;
  /** How long content is kept after it was uploaded or touched, in milliseconds; 30 days unless told. */
  readonly retentionMs?: number;
}

/** Room that was promised to an upload. */
export interface Reservation {
  /** Makes it at least so large. @throws HANSE_CONTENT_QUOTA_EXCEEDED, HANSE_CONTENT_STORE_FULL */
  grow(bytes: number): Promise<void>;
  release(): void;
}

export interface KeptPutOptions {
  readonly expected?: ContentAddress;
  /** How many bytes are announced: refused at once where there is no room for them. */
  readonly announcedBytes?: number;
  /** Room that was reserved before; the caller releases it. */
  readonly reservation?: Reservation;
}

/** A claim as its uploader sees it. */
export interface ClaimView extends ContentInfo {
  readonly pinned: boolean;
  /** Not removed before this time, in milliseconds since 1970; null is for ever. */
  readonly keptUntil: number | null;
}

/**
 * A content store that knows who wants what. Uploads count against quotas; content is kept for a time after it was
 * uploaded or touched, and for ever while it is pinned; what nobody has to keep is removed when its room is needed, or by
 * {@link sweep}. Never removed is what is being read or put. One process at a time may keep a store.
 */
export interface KeptContent {
  /**
   * Stores content and claims it for the uploader; what it returns lasts.
   * @throws what {@link ContentStore.put} does, HANSE_CONTENT_QUOTA_EXCEEDED, HANSE_CONTENT_STORE_FULL
   */
  put(uploader: Uploader, source: ContentSource, options?: KeptPutOptions): Promise<ContentInfo>;
  stat(address: ContentAddress): Promise<ContentInfo | undefined>;
  /** As {@link ContentStore.open}; the content stays until its stream was read or left. */
  open(address: ContentAddress, options?: OpenOptions): Promise<ContentReading>;
  /**
   * Has content that is here kept for this uploader from now on; `pinned` pins or unpins it, and without it a pin stays.
   * @throws HANSE_CONTENT_NOT_FOUND, HANSE_CONTENT_QUOTA_EXCEEDED
   */
  claim(
    uploader: Uploader,
    address: ContentAddress,
    options?: { readonly pinned?: boolean },
  ): Promise<ClaimView>;
  claimsOf(uploader: Uploader): ClaimView[];
  usage(uploader: Uploader): Usage;
  /** @throws HANSE_CONTENT_QUOTA_EXCEEDED, HANSE_CONTENT_STORE_FULL */
  reserve(uploader: Uploader, bytes: number): Promise<Reservation>;
  /** All content and what uploads were promised, in bytes. */
  totals(): { readonly storedBytes: number; readonly reservedBytes: number };
  /** Removes everything that nobody has to keep any more. @returns what was removed */
  sweep(): Promise<ContentInfo[]>;
}

const DAY_MS = 86_400_000;

/** Builds the accounts from what is in the store and what the journal knows. */
export async function createKeptContent(
  { store, journal = noClaimJournal, clock = systemClock }: KeptContentDeps,
  { quotaBytes = Number.POSITIVE_INFINITY, retentionMs = 30 * DAY_MS }: KeptContentOptions = {},
): Promise<KeptContent> {
  const accounts = createContentAccounts({ retentionMs });
  const holds = createContentHolds();
  for await (const content of store.list()) accounts.store(content);
  for (const claim of await journal.load()) accounts.claim(claim);

  const viewOf = ({ address, pinned, touchedAt }: Claim): ClaimView => ({
    ...{ address, size: accounts.sizeOf(address) ?? 0, pinned },
    keptUntil: pinned ? null : touchedAt + retentionMs,
  });

  /** Takes content out of the accounts at once and out of the store then; whoever wants it meanwhile waits. */
  async function evict(contents: readonly StoredContent[]): Promise<void> {
    const claims = contents.flatMap(({ address }) => accounts.claimsOn(address));
    for (const { address } of contents) accounts.remove(address);
    await Promise.all(
      contents.map(async (content) => {
        try {
          await holds.removing(content.address, () => store.remove(content.address));
        } catch (error) {
          accounts.store(content);
          throw error;
        }
      }),
    );
    await forget(claims);
  }

  async function dropClaims(claims: readonly Claim[]): Promise<void> {
    for (const { address, uploader } of claims) accounts.release(address, uploader);
    await forget(claims);
  }

  async function forget(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    await journal.append(claims.map(({ address, uploader }) => ({ type: "released", address, uploader })));
  }

  /** Which claims have to go so that an uploader has room. */
  function claimsToDrop(uploader: Uploader, bytes: number): Claim[] {
    const { name, quotaBytes: quota = Number.POSITIVE_INFINITY } = uploader;
    const { claimedBytes, reservedBytes } = accounts.usage(name);
    const missing = claimedBytes + reservedBytes + bytes - quota;
    if (missing <= 0) return [];
    const sizeOf = ({ address }: Claim) => accounts.sizeOf(address) ?? 0;
    const over = firstThatSuffice(accounts.expiredClaims(name, clock.now()), sizeOf, missing);
    if (over !== undefined) return over;
    throw new HanseError("HANSE_CONTENT_QUOTA_EXCEEDED", `The quota of ${name} has no room for that`, {
      details: { uploader: name, quotaBytes: quota, claimedBytes, reservedBytes, wantedBytes: bytes },
    });
  }

  /** Which content has to go so that the store has room. */
  function contentsToRemove(bytes: number): StoredContent[] {
    const [storedBytes, reservedBytes] = [accounts.storedBytes(), accounts.reservedBytes()];
    const missing = storedBytes + reservedBytes + bytes - quotaBytes;
    if (missing <= 0) return [];
    const over = firstThatSuffice(removable(), ({ size }) => size, missing);
    if (over !== undefined) return over;
    throw new HanseError("HANSE_CONTENT_STORE_FULL", "This service has no room for that", {
      details: { quotaBytes, storedBytes, reservedBytes, wantedBytes: bytes },
    });
  }

  const removable = () => accounts.expired(clock.now()).filter(({ address }) => !holds.isHeld(address));

  async function reserve(uploader: Uploader, bytes: number): Promise<Reservation> {
    let size = 0;
    let released = false;
    const reservation: Reservation = {
      async grow(wanted) {
        const more = wanted - size;
        if (more <= 0 || released) return;
        const claims = claimsToDrop(uploader, more);
        const contents = contentsToRemove(more);
        // Taken before anything is waited for: two uploads never get the same room.
        accounts.reserve(uploader.name, more);
        size += more;
        await dropClaims(claims);
        await evict(contents);
      },
      release() {
        if (!released) accounts.reserve(uploader.name, -size);
        released = true;
      },
    };
    try {
      await reservation.grow(bytes);
      return reservation;
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  async function setClaim(claim: Claim): Promise<void> {
    accounts.claim(claim);
    await journal.append([{ type: "claimed", ...claim }]);
  }

  async function putCounted(
    uploader: Uploader,
    source: ContentSource,
    { expected, announcedBytes = 0, reservation }: KeptPutOptions,
  ): Promise<ContentInfo> {
    // Putting again what is counted already costs no room.
    const counted = expected !== undefined && accounts.claimOf(expected, uploader.name) !== undefined;
    const room = reservation ?? (await reserve(uploader, counted ? 0 : announcedBytes));
    let held: ContentAddress | undefined;
    try {
      const info = await store.put(counted ? source : growing(source, room), {
        ...(expected === undefined ? {} : { expected }),
        async admit({ address }) {
          held = address;
          await holds.hold(address);
        },
      });
      const pinned = accounts.claimOf(info.address, uploader.name)?.pinned ?? false;
      accounts.store({ ...info, storedAt: clock.now() });
      await setClaim({ address: info.address, uploader: uploader.name, touchedAt: clock.now(), pinned });
      return info;
    } finally {
      if (held !== undefined) holds.release(held);
      if (reservation === undefined) room.release();
    }
  }

  return {
    async put(uploader, source, options = {}) {
      const { expected } = options;
      if (expected === undefined) return putCounted(uploader, source, options);
      // Not removed while it is put again: it was not paid for twice.
      await holds.hold(expected);
      try {
        return await putCounted(uploader, source, options);
      } finally {
        holds.release(expected);
      }
    },
    stat: (address) => store.stat(address),
    async open(address, options) {
      await holds.hold(address);
      try {
        const reading = await store.open(address, options);
        return { ...reading, stream: releasingStream(reading.stream, () => holds.release(address)) };
      } catch (error) {
        holds.release(address);
        throw error;
      }
    },
    async claim(uploader, address, { pinned } = {}) {
      await holds.hold(address);
      try {
        const info = await store.stat(address);
        if (info === undefined) throw notFound(address, "this service");
        if (!accounts.has(address)) accounts.store({ ...info, storedAt: clock.now() });
        const known = accounts.claimOf(address, uploader.name);
        const claim: Claim = {
          ...{ address, uploader: uploader.name, touchedAt: clock.now() },
          pinned: pinned ?? known?.pinned ?? false,
        };
        const dropped = known === undefined ? claimsToDrop(uploader, info.size) : [];
        const claiming = setClaim(claim);
        await Promise.all([claiming, dropClaims(dropped)]);
        return viewOf(claim);
      } finally {
        holds.release(address);
      }
    },
    claimsOf: ({ name }) => accounts.claimsOf(name).map(viewOf),
    usage: ({ name }) => accounts.usage(name),
    totals: () => ({ storedBytes: accounts.storedBytes(), reservedBytes: accounts.reservedBytes() }),
    reserve,
    async sweep() {
      const over = removable();
      await evict(over);
      return over;
    },
  };
}

/** The first items that make up so many bytes; undefined if all together do not: then nothing need be removed. */
function firstThatSuffice<Item>(
  items: readonly Item[],
  sizeOf: (item: Item) => number,
  bytes: number,
): Item[] | undefined {
  const taken: Item[] = [];
  let missing = bytes;
  for (const item of items) {
    if (missing <= 0) break;
    taken.push(item);
    missing -= sizeOf(item);
  }
  return missing <= 0 ? taken : undefined;
}

/** Reserves room for what comes, as it comes. */
async function* growing(source: ContentSource, room: Reservation): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunksOf(source)) {
    size += chunk.byteLength;
    await room.grow(size);
    yield chunk;
  }
}
