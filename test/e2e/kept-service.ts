import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "#src/store/free-port.ts";
import { type ServiceProcess, spawnService, untilReady } from "./service-process.ts";

/** A service that is started again whenever it ends, on the same port, as whoever runs one has it done. */
export interface KeptService {
  readonly name: string;
  readonly url: string;
  /** Has its last life come so far that it answers? */
  isUp(): boolean;
  /** Kills it with SIGKILL and starts it again. */
  kill(): Promise<void>;
  readonly kills: number;
  /** How those lives ended that nobody killed: exit code, and code of the error. */
  readonly falls: readonly string[];
  untilReady(): Promise<void>;
  /** Everything that all its lives wrote. */
  output(): string;
  /** Ends it for good. */
  stop(): Promise<void>;
  /** The same, without a word. */
  end(): Promise<void>;
}

/** Between an end that nobody asked for and the next start. */
const PAUSE_MS = 500;
/** How often it may end before it is ready. */
const MOST_LIVES = 10;

export interface KeptServiceOptions {
  /** What is started: `broker`, `pool`, `worker` or `content`. */
  readonly service: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function keepService(name: string, { service, env }: KeptServiceOptions): Promise<KeptService> {
  const port = await freePort();
  const lives: ServiceProcess[] = [];
  const falls: string[] = [];
  let kills = 0;
  let isWanted = true;

  async function start(): Promise<ServiceProcess> {
    const life = await spawnService(service, env, port);
    lives.push(life);
    void life.ended.then(async () => {
      // Killed, or stopped: whoever did it goes on.
      if (!isWanted || life.exit() === "SIGKILL") return;
      falls.push(`${life.exit()} ${life.output().match(/^Code: (HANSE_\w+)$/m)?.[1] ?? life.output()}`);
      await sleep(PAUSE_MS);
      if (isWanted && lives.at(-1) === life) await start();
    });
    return life;
  }
  const last = () => lives.at(-1);

  const { url } = await start();
  return {
    name,
    url,
    falls,
    get kills() {
      return kills;
    },
    isUp: () => last()?.exit() === undefined && / is up"/.test(last()?.output() ?? ""),
    async kill() {
      kills++;
      await last()?.kill();
      // One that had fallen may be standing up again.
      if (isWanted && last()?.exit() !== undefined) await start();
    },
    async untilReady() {
      // Whoever was just killed, or falls because another is not up yet, has further lives.
      for (let tries = MOST_LIVES; ; tries--) {
        const life = last();
        if (life === undefined) return;
        const ended = life.ended.then(() => {
          throw new Error(`${name} ended: ${life.output().slice(-2_000)}`);
        });
        const failure = await Promise.race([untilReady(life), ended]).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return;
        if (tries === 1) throw failure;
        await sleep(PAUSE_MS);
      }
    },
    output: () => lives.map((life) => life.output()).join(""),
    async stop() {
      isWanted = false;
      await last()?.stop();
    },
    async end() {
      isWanted = false;
      await last()?.kill();
    },
  };
}
