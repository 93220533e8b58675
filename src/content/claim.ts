import type { ContentAddress } from "./content-address.ts";

/** An uploader's wish that content be kept. It counts against the uploader's quota, whoever else claims the same content. */
export interface Claim {
  readonly address: ContentAddress;
  readonly uploader: string;
  /** When it was uploaded or last asked for, in milliseconds since 1970: retention counts from here. */
  readonly touchedAt: number;
  /** Kept for ever. */
  readonly pinned: boolean;
}

/** A line of the journal: a claim as it is now, or that there is none any more. */
export type ClaimChange =
  | ({ readonly type: "claimed" } & Claim)
  | { readonly type: "released"; readonly address: ContentAddress; readonly uploader: string };

/** Where claims outlive the process. */
export interface ClaimJournal {
  /** The claims that stand, at the start. */
  load(): Promise<readonly Claim[]>;
  /** When it returns, the changes last. */
  append(changes: readonly ClaimChange[]): Promise<void>;
}

/** For stores that themselves last no longer than the process. */
export const noClaimJournal: ClaimJournal = { load: async () => [], append: async () => undefined };
