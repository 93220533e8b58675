import type { ContentAddress } from "./content-address.ts";

/** Bytes at hand, or a stream of them. */
export type ContentSource = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** What the bytes are said to be: stored only when they are. */
  readonly expected?: ContentAddress;
  /**
   * Asked when the bytes are complete and right, before anybody can see them; what it throws is thrown, and nothing is
   * stored.
   */
  readonly admit?: (info: ContentInfo) => Promise<void>;
}

export interface ContentInfo {
  readonly address: ContentAddress;
  /** In bytes. */
  readonly size: number;
}

/** Content as the store lists it. */
export interface StoredContent extends ContentInfo {
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
}

/** The first and the last byte that are meant, counted from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface OpenOptions {
  /** Only these bytes; the whole unless told. */
  readonly range?: ByteRange;
}

/** Content as a stream; reading it to its end without an error proves every byte. */
export interface ContentReading extends ContentInfo {
  readonly stream: AsyncIterable<Uint8Array>;
}

/**
 * A store in which the address *is* the sha-256 of the bytes. Content never changes, so putting it twice is harmless
 * and putting it again heals a damaged copy. What is read is verified: bytes that no longer match their address end
 * in HANSE_CONTENT_HASH_MISMATCH, never in wrong data.
 */
export interface ContentStore {
  /**
   * Stores content; when it returns, the bytes are as durable as the store can make them.
   * @throws HanseError HANSE_CONTENT_TOO_LARGE, HANSE_CONTENT_HASH_MISMATCH, HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
   */
  put(source: ContentSource, options?: PutOptions): Promise<ContentInfo>;
  /** Size of the content, or undefined when it is not here. */
  stat(address: ContentAddress): Promise<ContentInfo | undefined>;
  has(address: ContentAddress): Promise<boolean>;
  /**
   * Opens content. The last chunk is given out only after the hash over all of it was compared. Of a range each chunk of
   * 1 MiB is compared with the list of hashes that was made when the content was stored; whoever has put the ranges
   * together compares the whole with its address.
   * @throws HanseError HANSE_CONTENT_NOT_FOUND, HANSE_RANGE_UNSATISFIABLE now, HANSE_CONTENT_HASH_MISMATCH in the stream
   */
  open(address: ContentAddress, options?: OpenOptions): Promise<ContentReading>;
  /**
   * The whole content in memory, verified.
   * @throws HanseError HANSE_CONTENT_NOT_FOUND, HANSE_CONTENT_HASH_MISMATCH, HANSE_CONTENT_TOO_LARGE above `maxBytes`
   */
  read(address: ContentAddress, options?: { readonly maxBytes?: number }): Promise<Uint8Array>;
  /** Removes content; harmless when it is not here. */
  remove(address: ContentAddress): Promise<void>;
  /** Everything that is here, in no order; what comes or goes meanwhile may be missing. */
  list(): AsyncIterable<StoredContent>;
}
