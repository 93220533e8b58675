// Spawned by sender-crash.test.ts: sends one payment under an id, or with no amount only sees to what the journal holds.
import { tokenAbi } from "#src/abi/token-abi.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { openFileJournal } from "#src/chain/file-journal.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { createSender } from "#src/chain/sender.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { openDatabase } from "#src/store/database.ts";

const [rpcUrl = "", store = "", token = "", payee = "", amount = ""] = process.argv.slice(2);
const logger = createLogger({ service: "test", level: "silent" });
const journal = store.startsWith("postgres")
  ? await openPostgresJournal(
      { database: await openDatabase({ logger }, { url: store, schema: "app" }), logger },
      "app_journal",
    )
  : await openFileJournal(store);
const account = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID);
const chain = await connectChain(rpcUrl);
const sender = createSender({ chain, account, journal }, { pollMs: 50, rebroadcastMs: 60_000 });
void sender.run(new AbortController().signal);
if (amount !== "") {
  const call = { address: token as `0x${string}`, abi: tokenAbi, functionName: "transfer" };
  const receipt = await sender.send({ ...call, args: [payee, BigInt(amount)] }, { id: `pay ${amount}` });
  process.stdout.write(`${receipt.transactionHash}\n`);
}
