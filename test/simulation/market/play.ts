import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT_REST, auditMarket } from "#src/audit/audit-market.ts";
import type { MarketFacts } from "#src/audit/facts.ts";
import type { Finding } from "#src/audit/finding.ts";
import { readMarketFacts } from "#src/audit/read-market.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { openDatabase } from "#src/store/database.ts";
import { Random } from "../../model/history/random.ts";
import type { Bench } from "./bench.ts";
import { createFaults } from "./faults.ts";
import { createActivity, Instance } from "./instance.ts";
import { createNetwork } from "./network.ts";
import { chainClient, type PlantedParts, type StartService, servicesOf } from "./services.ts";
import { createTraders } from "./traders.ts";

const BLOCK_MS = 2_000;
const STEP_MS = 1_000;
/** Blocks of trade and trouble. */
const TROUBLED_BLOCKS = 10;
/** Blocks in which everything comes to rest once nothing goes wrong any more: a deadline, and some to spare. */
const QUIET_BLOCKS = 100;
/** Whoever is well is done after so many quiet blocks. Only deadlines are waited for then, and blocks come several at once. */
const BLOCKS_TO_FINISH = 10;
const HURRIED_BLOCKS = 3;
/** How many traders act at a time. */
const TRADERS = 3;
/** Asking three nodes costs three times as much: some seeds do. */
const SEVERAL_NODES_PERCENT = 25;

/** What became of a market. */
export interface Outcome {
  readonly seed: number;
  readonly findings: readonly Finding[];
  /** What did not come to an end; empty where all did. */
  readonly unrest: string;
  /** What traders met that should never be. */
  readonly complaints: readonly string[];
  readonly stats: Readonly<Record<string, number>>;
}

export interface PlayOptions {
  readonly planted?: PlantedParts;
  /** SQL that is run before the services start. */
  readonly before?: string;
  /** SQL that is run when everything has come to rest, before the audit. */
  readonly atRest?: string;
  readonly logger?: Logger;
}

/** Plays one market from its opening to its rest. */
export async function play(bench: Bench, seed: number, options: PlayOptions = {}): Promise<Outcome> {
  const { planted = {}, logger = bench.logger } = options;
  const { market, admin } = bench;
  const { chain } = market;
  await bench.reset();
  if (options.before !== undefined) await admin.query(options.before);
  const opened = await chain.head();
  const clock = createManualClock(Number(opened.timestamp) * 1000);
  const activity = createActivity();
  const faults = createFaults(seed);
  // Asked in this loop only, so that the same seed has the same troubles whatever the services do meanwhile.
  const random = new Random(seed ^ 0x7ade);
  const lags = new Map<string, bigint>();
  const offsets = new Map<string, number>();
  let lying = false;
  const network = createNetwork({
    ...{ chain, faults },
    lagOf: (service) => lags.get(service) ?? 0n,
    lying: () => lying,
  });
  network.listeners.set("content", { server: bench.content });
  const stateDir = await mkdtemp(join(tmpdir(), "hanse-simulation-"));
  const running = new Map<string, Instance>();
  const stats = { crashes: 0, reorgs: 0, starts: 0, blocks: 0, clockJumps: 0, staleHeads: 0 };
  let over = false;
  let trading = true;
  let services: ReadonlyMap<string, StartService> = new Map();

  const person = (name: string) => new Instance(name, name, { activity, clock, offsetMs: () => 0 });

  /** As a supervisor does: what has ended is started again. */
  async function supervise(name: string, start: StartService, patience: Random): Promise<void> {
    for (let generation = 1; !over; generation++) {
      const world = { activity, clock, offsetMs: () => offsets.get(name) ?? 0 };
      const instance = new Instance(name, `${name} ${generation}`, world);
      running.set(name, instance);
      stats.starts++;
      const ended = instance.run(async () => {
        const { done } = await start(instance);
        await (done ?? instance.died);
      });
      await Promise.race([
        ended.catch((err: unknown) => logger.warn({ err, name }, "a service ended")),
        instance.died,
      ]);
      instance.kill();
      if (network.listeners.get(name)?.instance === instance) network.listeners.delete(name);
      await cutConnections(instance);
      await clock.sleep(patience.between(500, 3_000));
    }
  }

  async function cutConnections({ label }: Instance): Promise<void> {
    activity.begin();
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
      label,
    ]);
    activity.end();
  }

  async function passBlocks(count = 1): Promise<void> {
    for (let mined = 0; mined < count; mined++) {
      await chain.mine(BigInt(Math.floor(clock.now() / 1000)));
      stats.blocks++;
    }
    for (let passed = 0; passed < BLOCK_MS; passed += STEP_MS) {
      await clock.advance(STEP_MS);
      await activity.rest();
      if (!faults.stopped) makeTrouble();
    }
  }

  function makeTrouble(): void {
    const name = random.pick([...services.keys()]);
    if (random.chance(10)) {
      stats.crashes++;
      running.get(name)?.dieIn(random.between(1, 40));
    }
    if (random.chance(4)) {
      stats.clockJumps++;
      offsets.set(name, random.pick([-20_000, -3_000, 3_000, 20_000]));
    }
    if (random.chance(30)) {
      const lag = BigInt(random.pick([0, 0, 1, 2, 3]));
      if (lag > 0n) stats.staleHeads++;
      lags.set(name, lag);
    }
    if (random.chance(25)) lying = !lying;
  }

  async function reorganise(): Promise<void> {
    const { number } = await chain.head();
    const depth = Math.min(random.between(1, 5), Number(number - opened.number));
    stats.reorgs++;
    const keeps = new Random(random.next());
    await chain.reorganise(depth, () => keeps.chance(85));
    await activity.rest();
  }

  const fetchBefore = globalThis.fetch;
  globalThis.fetch = network.fetch;
  try {
    services = servicesOf({
      market,
      network,
      faults,
      databaseUrl: bench.databaseUrl,
      stateDir,
      logger,
      planted,
      severalNodes: random.chance(SEVERAL_NODES_PERCENT),
    });
    const supervised = [...services].map(([name, start], index) =>
      supervise(name, start, new Random(seed + index)),
    );
    const instance = person("traders");
    const traders = createTraders({ market, random: new Random(seed ^ 0x0dde), instance });
    const trade = instance
      .run(() =>
        Promise.all(
          Array.from({ length: TRADERS }, async (_, trader) => {
            const patience = new Random(seed ^ (trader + 1));
            await clock.sleep(2_000);
            if (trader === 0) await traders.begin();
            while (!faults.stopped) {
              await traders.act();
              await clock.sleep(patience.between(200, 2_000));
            }
          }),
        ),
      )
      .finally(() => {
        trading = false;
      });
    // Told once it is awaited.
    trade.catch(() => undefined);
    for (let block = 0; block < TROUBLED_BLOCKS; block++) {
      await passBlocks();
      if (random.chance(8)) await reorganise();
    }
    faults.stop();
    lags.clear();
    offsets.clear();
    lying = false;
    let unrest = "";
    for (let block = 0, quiet = 0; block < QUIET_BLOCKS && quiet < 2; block++) {
      await passBlocks(block < BLOCKS_TO_FINISH ? 1 : HURRIED_BLOCKS);
      unrest = await findUnrest();
      quiet = unrest === "" ? quiet + 1 : 0;
    }
    // Their last acts take their time, which passes in blocks alone.
    if (!trading) await trade;
    if (options.atRest !== undefined) await admin.query(options.atRest);
    // PostgreSQL dates attempts to seal by its own clock.
    const facts = { ...(await readFacts()), acknowledged: [...traders.acknowledged], now: Date.now() };
    over = true;
    for (const each of running.values()) each.kill();
    await finish(supervised);
    return {
      seed,
      findings: auditMarket(facts, AT_REST),
      stats: {
        ...{ ...stats, ...faults.tally, lies: network.lies() },
        ...{ tried: traders.tried.count, refused: traders.tried.failed, ...countsOf(facts) },
        ...traders.census(
          facts.chain.deals.flatMap(({ requestHash, orders }) => [requestHash, ...Object.values(orders)]),
        ),
      },
      unrest,
      complaints: traders.complaints,
    };
  } finally {
    over = true;
    for (const each of running.values()) each.kill();
    globalThis.fetch = fetchBefore;
    await rm(stateDir, { recursive: true, force: true });
  }

  /** What still waits, where broker and pool have not seen all there is, or something is under way. */
  async function findUnrest(): Promise<string> {
    const { number, hash } = await chain.head();
    const { rows } = await admin.query<Record<string, string | null>>(
      `select (select 'the broker is at ' || number from (select * from broker.blocks order by number desc limit 1) as newest where hash <> $1)
            as broker,
          (select 'the pool is at ' || block_number from pool.cursor where block_hash <> $1) as pool,
          (select count(*) || ' attempts to seal are pending' from broker.seal_attempts where status = 'pending' having count(*) > 0)
            as attempts,
          (select string_agg(id || ': ' || says, ', ') from pool.tasks where status = 'open') as tasks`,
      [hash],
    );
    const waits = Object.values(rows[0] ?? {}).filter((text) => text !== null);
    if (trading) waits.push("somebody trades");
    const pending = waits.length > 0 ? 0 : await chain.pending();
    if (pending > 0) waits.push(`${pending} transactions wait`);
    return waits.length === 0 ? "" : `at block ${number}: ${waits.join("; ")}`;
  }

  async function readFacts(): Promise<Omit<MarketFacts, "now">> {
    const database = await openDatabase<unknown>({ logger }, { url: bench.databaseUrl, poolSize: 2 });
    try {
      return await person("auditor").run(async () =>
        readMarketFacts({
          chain: await chainClient({ network, severalNodes: false }, clock),
          deployment: market.deployment,
          databases: [database],
        }),
      );
    } finally {
      await database.close();
    }
  }

  /** The supervisors sleep before they notice that it is over. */
  async function finish(supervised: Promise<void>[]): Promise<void> {
    let ended = false;
    const all = Promise.all(supervised).finally(() => {
      ended = true;
    });
    // Told below.
    all.catch(() => undefined);
    while (!ended) {
      await activity.rest();
      await clock.advance(1_000);
    }
    await all;
  }
}

function countsOf({ chain, broker }: Omit<MarketFacts, "now">): Record<string, number> {
  const ends = (type: string) => chain.verdicts.filter((verdict) => verdict.type === type).length;
  return {
    ...{
      orders: broker?.orders.length ?? 0,
      deals: chain.deals.length,
      attempts: broker?.attempts.length ?? 0,
    },
    ...{ certified: ends("certified"), failed: ends("failed"), claimed: ends("claimed") },
    replicated: chain.seals.length,
  };
}
