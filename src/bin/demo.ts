import { join } from "node:path";
import { createNarrator } from "#src/demo/narrator.ts";
import { playShopStory } from "#src/demo/shop-story.ts";
import { playStory, publishOffers } from "#src/demo/story.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { createInterruption } from "./interruption.ts";
import { clearState, startStack } from "./stack.ts";
import { anyPorts } from "./stack-ports.ts";

export interface DemoOptions {
  /** Leaves everything running at the end, to look at. */
  readonly keep: boolean;
  readonly stateDir?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

/** Two blocks a second: the demo waits for blocks more than for anything else. */
const BLOCK_TIME = 0.5;

/**
 * `hanse demo`: the whole story on a fresh state.
 * @returns the exit code: 0 only when every check held
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const narrator = createNarrator(write, () => performance.now());
  const stateDir = options.stateDir ?? join(".hanse", "demo");
  const interruption = createInterruption();
  narrator.chapter("A market of one's own: everything below runs on this machine, each part a process");
  await clearState(stateDir);
  const stack = await startStack(
    { logger: createLogger({ service: "demo", level: "error" }), progress: narrator.say },
    {
      stateDir,
      ports: await anyPorts(),
      blockTime: BLOCK_TIME,
      withLiar: true,
      databaseUrl: options.databaseUrl,
      signal: interruption.signal,
    },
  );
  try {
    const story = async () => {
      const { chain, deployment, market, broker, goods, urls } = stack;
      const csv = new TextDecoder().decode(goods.dataset);
      narrator.say("the owners of app, dataset and pool sign what they ask, and publish it");
      await publishOffers({ chain, deployment, market, broker, narrator });
      return await playStory(
        { ...{ chain, deployment, market, broker, narrator, csv }, contentSources: [urls.results] },
        // Before the table, which tells of everybody.
        () =>
          playShopStory({
            ...{ chain, deployment, narrator, shops: stack.shops, hubUrl: urls.hub },
            dataDir: join(import.meta.dirname, "../../data"),
          }),
      );
    };
    const table = await Promise.race([story(), stack.failed, interruption.happened]);
    write(`\n${table}\n`);
    const { broken, checks } = narrator;
    narrator.say(
      broken.length === 0 ? `all ${checks} checks held` : `${broken.length} of ${checks} checks did not hold`,
    );
    for (const each of broken) write(`            ✗ ${each}`);
    if (options.keep) {
      write(
        `\nStill running: broker ${stack.urls.broker}/docs, pool ${stack.urls.pool}/docs, shops ${stack.shops.map(({ url }) => `${url}/docs`).join(", ")}, chain ${stack.urls.rpc}`,
      );
      write(`Logs: ${stack.logDir}. Ctrl-C stops it.`);
      await Promise.race([interruption.happened.catch(() => undefined), stack.failed]);
    }
    return broken.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
    interruption.forget();
  }
}
