import type { MarketReader } from "#src/chain/market-reader.ts";
import { putContent } from "#src/content/content-client.ts";
import { contentBase } from "#src/content/content-url.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { AssetId } from "#src/protocol/ids.ts";

export interface OutputUploadDeps {
  readonly market: Pick<MarketReader, "asset">;
  /** Base URL of the content service that the scheduler names, where it has. */
  readonly named: () => string | undefined;
}

export interface OutputUploadOptions {
  readonly pool: AssetId;
  readonly resultsUrl?: string | undefined;
  readonly uploadToken?: string | undefined;
  /** Whether the pool's description may lead to a private address. */
  readonly allowPrivate: boolean;
}

/** Puts outputs where the pool's buyers look for them: beside the pool's description, unless somebody knows better. */
export function createOutputUpload({ market, named }: OutputUploadDeps, options: OutputUploadOptions) {
  const { pool, resultsUrl, uploadToken } = options;
  const guarded = createGuardedFetch({ allowPrivate: options.allowPrivate });

  /** @throws HANSE_NOT_READY while nobody says where; HANSE_PEER_*, HANSE_UNAUTHORIZED */
  return async (output: Uint8Array, signal: AbortSignal): Promise<void> => {
    const token = uploadToken === undefined ? {} : { uploadToken };
    const known = resultsUrl ?? named();
    if (known !== undefined) {
      await putContent(output, { target: known, signal, ...token });
      return;
    }
    const target = contentBase((await market.asset(pool)).uri);
    if (target === undefined) {
      throw new HanseError("HANSE_NOT_READY", "nobody says where outputs belong", {
        hint: "Set the content service that takes outputs, or wait for the scheduler.",
      });
    }
    await putContent(output, { target, signal, fetch: guarded, ...token });
  };
}
