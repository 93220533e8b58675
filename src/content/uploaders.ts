import { createBearerCheck } from "#src/http/bearer-token.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** Somebody who may upload. Content is claimed and counted under the name. */
export interface Uploader {
  readonly name: string;
  /** How many bytes this uploader may have here; the total quota alone limits it unless told. */
  readonly quotaBytes?: number;
}

export interface UploadToken extends Uploader {
  /** What proves it: at least 16 characters. */
  readonly token: string;
}

/** Finds who sent a request by its Authorization header. @throws HanseError HANSE_UNAUTHORIZED */
export type Uploaders = (authorization: string | undefined) => Uploader;

/** Under which name uploads are counted where no token is demanded. */
export const ANYBODY = "anybody";

/** @param tokens none: anybody may upload, under one name and `quotaBytes` */
export function createUploaders(
  tokens: readonly UploadToken[],
  { quotaBytes }: { readonly quotaBytes?: number } = {},
): Uploaders {
  const quota = quotaBytes === undefined ? {} : { quotaBytes };
  if (tokens.length === 0) return () => ({ name: ANYBODY, ...quota });
  const known = tokens.map(({ token, ...uploader }) => ({
    isBearer: createBearerCheck(token),
    uploader: { ...quota, ...uploader },
  }));
  return (authorization) => {
    let found: Uploader | undefined;
    // All of them, whichever it is: the time tells nothing about the others.
    for (const { isBearer, uploader } of known) if (isBearer(authorization)) found = uploader;
    if (found !== undefined) return found;
    throw new HanseError("HANSE_UNAUTHORIZED", "Uploading needs a token of this service");
  };
}
