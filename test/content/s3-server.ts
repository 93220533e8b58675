import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
// @ts-expect-error It brings no types.
import S3rver from "@20minutes/s3rver";

interface Server {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

/** An S3-compatible server on a free port of loopback, with one bucket. It checks every request's signature. */
export async function startS3Server() {
  const directory = await mkdtemp(join(tmpdir(), "hanse-s3-"));
  const server: Server = new S3rver({
    ...{ directory, port: 0, address: "127.0.0.1", silent: true },
    configureBuckets: [{ name: "contents" }],
  });
  const { port } = await server.run();
  return {
    directory,
    options: {
      ...{ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", bucket: "contents" },
      ...{ accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
    },
    async stop() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
