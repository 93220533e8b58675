import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { type ServiceProcess, spawnService, untilReady } from "../e2e/service-process.ts";
import { startS3Server } from "./s3-server.ts";

// Given a content service that keeps its content in a bucket, as a process of its own,
// - then it does not start without the bucket's settings, and says which are missing
// - then what was put is in the bucket and served, also after the service was killed

let s3: Awaited<ReturnType<typeof startS3Server>>;
let stateDir: string;
const running: ServiceProcess[] = [];

beforeAll(async () => {
  [s3, stateDir] = await Promise.all([startS3Server(), mkdtemp(join(tmpdir(), "hanse-s3-process-"))]);
});

afterAll(async () => {
  await Promise.all(running.map((service) => service.stop()));
  await s3.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const service = await spawnService("content", {
    ...{
      HANSE_STATE_DIR: stateDir,
      HANSE_CONTENT_BACKEND: "s3",
      HANSE_UPLOAD_TOKEN: "correct-horse-battery",
    },
    ...env,
  });
  running.push(service);
  return service;
}

it("says what is missing", { timeout: 60_000 }, async () => {
  const service = await start({});
  await service.ended;
  expect(service.exit()).not.toBe("0");
  expect(service.output()).toContain("HANSE_S3_BUCKET");
});

it("keeps content in a bucket, and serves it after a kill", { timeout: 120_000 }, async () => {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = s3.options;
  const env = {
    ...{ HANSE_S3_ENDPOINT: endpoint, HANSE_S3_BUCKET: bucket, HANSE_S3_PREFIX: "hanse/" },
    ...{ HANSE_S3_ACCESS_KEY_ID: accessKeyId, HANSE_S3_SECRET_ACCESS_KEY: secretAccessKey },
  };
  const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
  const address = contentAddressOf(bytes);
  const first = await untilReady(await start(env));
  const put = await fetch(`${first.url}/v1/content/${address}`, {
    method: "PUT",
    headers: { authorization: "Bearer correct-horse-battery" },
    body: bytes,
  });
  expect(put.status).toBe(201);
  await first.kill();

  const second = await untilReady(await start(env));
  const got = await fetch(`${second.url}/v1/content/${address}`);
  expect([got.status, new Uint8Array(await got.arrayBuffer())]).toEqual([200, bytes]);
});
