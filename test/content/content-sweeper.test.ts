import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { keepSweeping } from "#src/content/content-sweeper.ts";
import { createContentUploads } from "#src/content/content-uploads.ts";
import { createKeptContent } from "#src/content/kept-content.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const root = await mkdtemp(join(tmpdir(), "hanse-sweeper-"));
let count = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const DAY = 86_400_000;
const alice = { name: "alice" };

async function fixture() {
  const clock = createManualClock(Date.now());
  const store = createMemoryContentStore();
  const kept = await createKeptContent({ store, clock }, { retentionMs: DAY });
  const uploads = await createContentUploads(
    { kept, clock },
    { directory: join(root, String(++count)), expiryMs: 2 * DAY },
  );
  const said: { readonly level: string; readonly text: string; readonly what: object }[] = [];
  const tell = (level: string) => (what: object, text: string) => void said.push({ level, text, what });
  const logger = { info: tell("info"), warn: tell("warn") } as never;
  const over = new AbortController();
  return {
    ...{ clock, store, kept, uploads, said, over },
    sweeping: (removeExpired: boolean) =>
      keepSweeping({ kept, uploads, logger, clock }, { removeExpired, everyMs: DAY }, over.signal),
  };
}

/** Until the sweeper sleeps again. */
async function passed(clock: { sleepers(): number }): Promise<void> {
  while (clock.sleepers() === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe("keepSweeping", () => {
  it("goes on after a failure, and says so", async () => {
    const { clock, kept, said, over, sweeping } = await fixture();
    const { address } = await kept.put(alice, new Uint8Array(10));
    const sweep = kept.sweep.bind(kept);
    const failing = { left: 2 };
    kept.sweep = async () => {
      if (failing.left-- > 0) throw new Error("the disk is away");
      return await sweep();
    };
    const ended = sweeping(true);
    for (let day = 0; day < 3; day++) {
      await passed(clock);
      await clock.advance(DAY + 1);
    }
    await passed(clock);
    expect(said.map(({ level }) => level)).toEqual(["warn", "warn", "info"]);
    expect(await kept.stat(address)).toBeUndefined();
    over.abort();
    await ended;
  });

  it("removes uploads that nobody went on with, and keeps expired content whose room is not needed", async () => {
    const { clock, kept, uploads, said, over, sweeping } = await fixture();
    const { address } = await kept.put(alice, new Uint8Array(10));
    const { id } = await uploads.create(alice, { size: 10 });
    const ended = sweeping(false);
    await passed(clock);
    await clock.advance(DAY);
    await passed(clock);
    expect(uploads.find(alice, id), "not yet").toMatchObject({ offset: 0 });
    await clock.advance(DAY + 1);
    await passed(clock);
    expect(() => uploads.find(alice, id)).toThrow(expect.objectContaining({ code: "HANSE_UPLOAD_UNKNOWN" }));
    expect(await kept.stat(address)).toBeDefined();
    expect(said).toMatchObject([{ level: "info", what: { abandoned: 1, removed: 0 } }]);
    over.abort();
    await ended;
  });

  it("ends with the signal, also in its sleep, and does nothing after it", async () => {
    const { clock, over, said, sweeping } = await fixture();
    const ended = sweeping(true);
    await passed(clock);
    over.abort();
    await ended;
    await sweeping(true);
    expect([clock.sleepers(), said]).toEqual([0, []]);
  });
});
