import type { HttpServer } from "#src/http/server.ts";
import { registerContentRoutes } from "./content-routes.ts";
import type { ContentStore } from "./content-store.ts";
import type { ContentUploads } from "./content-uploads.ts";
import { createKeptContent, type KeptContent } from "./kept-content.ts";
import { registerPinRoutes } from "./pin-routes.ts";
import { createRouteContext } from "./route-context.ts";
import { registerUploadRoutes } from "./upload-routes.ts";
import { ANYBODY, createUploaders, type UploadToken } from "./uploaders.ts";

/** A store, kept without quotas for as long as the process runs; or one that is kept, with uploads in parts if any. */
export type ContentServiceDeps =
  | { readonly store: ContentStore }
  | { readonly kept: KeptContent; readonly uploads?: ContentUploads };

export interface ContentServiceOptions {
  /** A token of an uploader without a name of its own, counted as `anybody`. */
  readonly uploadToken?: string;
  /** Further uploaders. Without any token anybody who reaches the service may upload. */
  readonly uploadTokens?: readonly UploadToken[];
  /** Quota of each uploader that has none of its own, in bytes; none unless told. */
  readonly uploaderQuotaBytes?: number;
  /** The longest wait for the next bytes of an upload; 30 s unless told. */
  readonly stallMs?: number;
  /** How many bodies one uploader may be sending at once; 64 unless told. */
  readonly maxSending?: number;
}

/**
 * Serves content: reading for everybody, also by range; storing whole or in parts, and pins, for whoever has a token.
 * The store limits sizes; the server's `requestTimeoutMs` has to leave time for the largest upload in one request.
 */
export async function registerContentService(
  server: HttpServer,
  deps: ContentServiceDeps,
  options: ContentServiceOptions = {},
): Promise<void> {
  const { uploadToken, uploadTokens = [], uploaderQuotaBytes, stallMs = 30_000, maxSending = 64 } = options;
  const context = createRouteContext({
    kept: "kept" in deps ? deps.kept : await createKeptContent(deps),
    uploaders: createUploaders(
      [...(uploadToken === undefined ? [] : [{ name: ANYBODY, token: uploadToken }]), ...uploadTokens],
      uploaderQuotaBytes === undefined ? {} : { quotaBytes: uploaderQuotaBytes },
    ),
    ...{ stallMs, maxSending },
  });
  await registerContentRoutes(server, context);
  registerPinRoutes(server, context);
  if ("kept" in deps && deps.uploads !== undefined) await registerUploadRoutes(server, context, deps.uploads);
}
