// Measures a shop service as a process of its own, asked by a partner by signed requests over HTTP, on real PostgreSQL and a
// development chain. Records `shop-poll`, `reserve-p99`, `sync-10k` and `uci-replay` in docs/bench.json.
//   node scripts/measure/shops.ts [rows…] [--profile]
// Some rows alone are measured and shown, and not recorded. With --profile the shop writes a CPU profile into .hanse/profiles.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Row, record } from "./record.ts";
import { openShops } from "./shops/open-shops.ts";
import { measurePoll } from "./shops/poll.ts";
import { measureReplay } from "./shops/replay-row.ts";
import { measureReserve } from "./shops/reserve.ts";
import { measureSync } from "./shops/sync.ts";

// The replay last: it leaves the most behind.
const MEASURES = {
  "shop-poll": measurePoll,
  "reserve-p99": measureReserve,
  "sync-10k": measureSync,
  "uci-replay": measureReplay,
} as const;

const { values, positionals } = parseArgs({
  options: { profile: { type: "boolean", default: false } },
  allowPositionals: true,
});
const chosen = Object.entries(MEASURES).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
);
const measured = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores`;
const rows: Record<string, Row> = {};
for (const [name, measure] of chosen) {
  // Each on shops of its own: no row depends on another.
  const shops = await openShops({ profile: values.profile });
  try {
    const row = await measure(shops);
    rows[name] = { ...row, command: "node scripts/measure/shops.ts", measured };
    process.stdout.write(`${name} ${row.value} ${row.unit}: ${row.reference}\n`);
  } finally {
    await shops.stop();
  }
}
if (positionals.length === 0 && !values.profile) await record("bench", rows);
