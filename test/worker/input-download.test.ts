import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { createDownloader } from "#src/worker/input-download.ts";
import { createWorkerMetrics } from "#src/worker/worker-metrics.ts";
import { silent } from "../store/test-database.ts";
import {
  answers,
  type Behaviour,
  breaksOffAfter,
  drips,
  fallsSilentAfter,
  neverEnds,
  sends,
  sendsAllOf,
  sendsAnotherRange,
  startMisbehaving,
} from "./misbehaving-content.ts";

// Given sources that break off, lie, fall silent or never end, a download
// - is refused when the body is too large, said or not; when all sources are wrong; when nobody has it
// - goes on where it was broken off, at the same source and at the next, over a restart, and begins again where no ranges are known
// - never mixes sources again after a mixture was wrong, and does not ask again who was wrong alone

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251);
const wrong = bytes.map((byte) => byte ^ 1);
const address = contentAddressOf(bytes);
const limits = { maxBytes: 200_000, stallMs: 2_000, stallBytes: 1_000 };

let content: Awaited<ReturnType<typeof startMisbehaving>>;
let directory: string;
let path: string;

beforeAll(async () => {
  content = await startMisbehaving();
});
afterAll(() => content.stop());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-download-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  path = join(directory, "input");
  content.asked.length = 0;
});

/** A worker that was just started. */
function worker(change: Partial<typeof limits> = {}) {
  const metrics = createWorkerMetrics(createMetrics({ service: "worker", processMetrics: false }));
  const downloader = createDownloader({ logger: silent, metrics }, { ...limits, ...change });
  return (...bases: string[]) =>
    downloader.download(
      address,
      path,
      bases.map((base) => ({ base, fetch: globalThis.fetch })),
      new AbortController().signal,
    );
}

const source = (name: string, ...behaviours: Behaviour[]) => content.source(name, ...behaviours);
const isThere = async () => expect(new Uint8Array(await readFile(path)).length).toBe(bytes.length);

async function isRight(): Promise<void> {
  expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
}

describe("a download is refused", () => {
  it("when the body is larger than allowed, as soon as it says so", async () => {
    const a = source("a", sends(bytes));
    await expect(worker({ maxBytes: 99_999 })(a)).rejects.toMatchObject({ code: "HANSE_CONTENT_TOO_LARGE" });
    expect(await readdir(directory)).toEqual(["input.json"]);
  });

  it("when the body never ends, and that source is not asked again", async () => {
    const download = worker();
    const a = source("a", neverEnds());
    await expect(download(a)).rejects.toMatchObject({ code: "HANSE_CONTENT_TOO_LARGE" });
    await expect(download(a)).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND", retryable: false });
    expect(content.asked).toEqual(["a all"]);
  });

  it("when all that comes is wrong, and nobody is asked a second time, not even after a restart", async () => {
    const [a, b] = [source("a", sends(wrong)), source("b", sendsAllOf(wrong))];
    await expect(worker()(a, b)).rejects.toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
    await expect(worker()(a, b)).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND" });
    expect(content.asked).toEqual(["a all", "b all"]);
  });

  it.each([
    ["nobody has it", answers(404), false],
    ["a source fails", answers(503), true],
    ["a source leads elsewhere", answers(302, { location: "http://127.0.0.1:1/" }), false],
    ["a source sends nothing", fallsSilentAfter(0, bytes), true],
    ["a source drips", drips(bytes, 5), true],
  ])("when %s", async (_what, behaviour, retryable) => {
    const a = source("a", behaviour);
    await expect(worker({ stallMs: 300 })(a)).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
      retryable,
    });
  });

  it("when it was aborted, with what the caller gave as the reason", async () => {
    const metrics = createWorkerMetrics(createMetrics({ service: "worker", processMetrics: false }));
    const downloader = createDownloader({ logger: silent, metrics }, { ...limits, stallMs: 60_000 });
    const aborting = new AbortController();
    const base = source("a", fallsSilentAfter(10, bytes));
    const downloading = downloader.download(address, path, [{ base, fetch }], aborting.signal);
    setTimeout(() => aborting.abort(new Error("stopping")), 50);
    await expect(downloading).rejects.toThrow("stopping");
  });
});

describe("a download that was broken off goes on", () => {
  it("at the same source, as often as it makes progress", async () => {
    const a = source("a", breaksOffAfter(30_000, bytes), breaksOffAfter(30_000, bytes), sends(bytes));
    await worker()(a);
    await isRight();
    expect(content.asked).toEqual(["a all", "a bytes=30000-", "a bytes=60000-"]);
    expect(await readdir(directory)).toEqual(["input"]);
  });

  it("at the next source, from where the first fell silent", async () => {
    const a = source("a", fallsSilentAfter(40_000, bytes));
    await worker({ stallMs: 1_000 })(a, source("b", sends(bytes)));
    await isRight();
    expect(content.asked).toEqual(["a all", "b bytes=40000-"]);
  });

  it("from the beginning at a source that knows no ranges", async () => {
    const a = source("a", breaksOffAfter(40_000, bytes), answers(404));
    await worker()(a, source("b", sendsAllOf(bytes)));
    await isRight();
  });

  it("after a restart", async () => {
    const a = source("a", breaksOffAfter(40_000, bytes), answers(503));
    await expect(worker()(a)).rejects.toMatchObject({ retryable: true });
    content.asked.length = 0;
    await worker()(source("a", sends(bytes)));
    await isRight();
    expect(content.asked).toEqual(["a bytes=40000-"]);
  });

  it("and is complete where only its end was not heard of", async () => {
    await writeFile(`${path}.part`, bytes);
    await worker()(source("a", sends(bytes)));
    await isRight();
    expect(content.asked).toEqual([`a bytes=${bytes.length}-`]);
  });

  it("from the beginning where more was there than the source has", async () => {
    await writeFile(`${path}.part`, Buffer.concat([bytes, bytes]));
    await worker()(source("a", sends(bytes)));
    await isRight();
  });

  it("elsewhere when a source sends another range than was asked for", async () => {
    const a = source("a", breaksOffAfter(40_000, bytes), sendsAnotherRange(bytes));
    await worker()(a, source("b", sends(bytes)));
    await isRight();
    expect(content.asked.at(-1)).toBe("b bytes=40000-");
  });
});

describe("when a mixture of sources was wrong", () => {
  it("each is asked for all of it, and who is wrong alone is found out", async () => {
    const [a, b] = [
      source("a", breaksOffAfter(40_000, wrong), answers(404), sends(wrong)),
      source("b", sends(bytes)),
    ];
    const download = worker();
    await download(a, b);
    await isRight();
    expect(content.asked).toEqual(["a all", "a bytes=40000-", "b bytes=40000-", "a all", "b all"]);
    content.asked.length = 0;
    await truncate(path, 5);
    await download(a, b);
    await isThere();
    expect(content.asked).toEqual(["b all"]);
  });

  it("a source that only ever sends a wrong beginning does not spoil the others", async () => {
    const a = source(
      "a",
      breaksOffAfter(40_000, wrong),
      answers(404),
      breaksOffAfter(10, wrong),
      answers(404),
    );
    await worker()(a, source("b", sends(bytes)));
    await isRight();
  });

  it("nobody is blamed for what a power cut left on the disk", async () => {
    await writeFile(`${path}.part`, new Uint8Array(40_000));
    const a = source("a", sends(bytes));
    await worker()(a);
    await isRight();
    expect(content.asked).toEqual(["a bytes=40000-", "a all"]);
  });
});
