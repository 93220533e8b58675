import { z } from "zod";
import type { UploadToken } from "#src/content/uploaders.ts";
import { defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import { host, port, stateDir, uploadToken } from "./options.ts";

const bytes = () => wholeNumberOption({ min: 1 });
const tokenPattern = /^([a-z0-9-]{1,40}):([^:\s]{16,}?)(?::(\d{1,15}))?$/;

const uploadTokens = defineOption({
  schema: listOption().pipe(
    z
      .array(
        z
          .string()
          .regex(tokenPattern, "not name:token or name:token:quota")
          .transform((text): UploadToken => {
            const [, name = "", token = "", quota] = tokenPattern.exec(text) ?? [];
            return { name, token, ...(quota === undefined ? {} : { quotaBytes: Number(quota) }) };
          }),
      )
      .refine((tokens) => new Set(tokens.map(({ name }) => name)).size === tokens.length, "a name twice"),
  ),
  env: "HANSE_UPLOAD_TOKENS",
  doc: "uploaders beside HANSE_UPLOAD_TOKEN, separated by commas: name:token or name:token:quota, the name of small letters, digits and hyphens, the token of 16 characters or more, the quota in bytes",
  default: [],
  secret: true,
});

const quotaBytes = defineOption({
  schema: bytes().optional(),
  env: "HANSE_CONTENT_QUOTA_BYTES",
  doc: "largest sum of all content and unfinished uploads, in bytes; without one the disk is the limit",
});

const uploaderQuotaBytes = defineOption({
  schema: bytes().optional(),
  env: "HANSE_UPLOADER_QUOTA_BYTES",
  doc: "quota of each uploader that has none of its own, in bytes; all who need no token are one uploader",
});

const maxBytes = defineOption({
  schema: bytes(),
  env: "HANSE_CONTENT_MAX_BYTES",
  doc: "largest single content, in bytes",
  default: 268_435_456,
});

const retentionDays = defineOption({
  schema: wholeNumberOption({ min: 0, max: 36_500 }),
  env: "HANSE_CONTENT_RETENTION_DAYS",
  doc: "how many days content is kept at least after it was uploaded or touched, unless it is pinned",
  default: 30,
});

const sweep = defineOption({
  schema: z.enum(["needed", "always"]),
  env: "HANSE_CONTENT_SWEEP",
  doc: "when content goes that was kept long enough: `needed` when a quota needs its room, `always` at once",
  default: "needed",
});

const uploadExpiryHours = defineOption({
  schema: wholeNumberOption({ min: 1, max: 8_760 }),
  env: "HANSE_UPLOAD_EXPIRY_HOURS",
  doc: "after how many hours an upload that nobody goes on with is removed",
  default: 24,
});

const backend = defineOption({
  schema: z.enum(["file", "s3"]),
  env: "HANSE_CONTENT_BACKEND",
  doc: "where content is kept: `file` in the state folder, `s3` in a bucket; unfinished uploads and claims are in the state folder in both cases",
  default: "file",
});

const s3Endpoint = defineOption({
  schema: httpUrlOption().optional(),
  env: "HANSE_S3_ENDPOINT",
  doc: "base URL of the S3-compatible server, without the bucket",
});

const s3Region = defineOption({
  schema: z.string().min(1),
  env: "HANSE_S3_REGION",
  doc: "region that requests are signed for",
  default: "us-east-1",
});

const s3Bucket = defineOption({
  schema: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "no bucket name")
    .optional(),
  env: "HANSE_S3_BUCKET",
  doc: "bucket that keeps the content; it has to exist and belongs to one content service, or to one prefix for each",
});

const s3Prefix = defineOption({
  schema: z.string().regex(/^([\w.-]+\/)*$/, "not empty, nor names that each end in a slash"),
  env: "HANSE_S3_PREFIX",
  doc: "what every key begins with, such as `hanse/`",
  default: "",
});

const s3AccessKeyId = defineOption({
  schema: z.string().min(1).optional(),
  env: "HANSE_S3_ACCESS_KEY_ID",
  doc: "name of the access key",
});

const s3SecretAccessKey = defineOption({
  schema: z.string().min(1).optional(),
  env: "HANSE_S3_SECRET_ACCESS_KEY",
  doc: "the access key's secret",
  secret: true,
});

/** What the environment can set of a content service. */
export const contentOptions = {
  ...{ host, port: port(4300), stateDir, uploadToken, uploadTokens },
  ...{ quotaBytes, uploaderQuotaBytes, maxBytes, retentionDays, sweep, uploadExpiryHours },
  ...{ backend, s3Endpoint, s3Region, s3Bucket, s3Prefix, s3AccessKeyId, s3SecretAccessKey },
};
