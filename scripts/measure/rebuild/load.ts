// Rebuilds a book from the broker's database and tells what it took, as a broker does that has just been started.
//   node scripts/measure/rebuild/load.ts <database URL>
import { createBook } from "#src/book/book.ts";
import { BROKER_SCHEMA } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { loadBook } from "#src/broker/load-book.ts";
import { createReadableOrders } from "#src/broker/readable-orders.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { openDatabase } from "#src/store/database.ts";

const [url = ""] = process.argv.slice(2);
const logger = createLogger({ service: "measure", level: "warn" });
const database = await openDatabase<BrokerTables>({ logger }, { url, schema: BROKER_SCHEMA });
const book = createBook();
const [begun, used] = [performance.now(), process.cpuUsage()];
await loadBook(
  database.kysely,
  book,
  createReadableOrders({ logger, metrics: { unreadable: { set() {} } } }),
);
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(used);
await database.close();
const orders = Object.values(book.size).reduce((sum, each) => sum + each, 0);
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, orders })}\n`);
