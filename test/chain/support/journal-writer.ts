// Spawned by transaction-journal.test.ts: writes entries into a file journal, tells each that is written, and goes on.
import { openFileJournal } from "#src/chain/file-journal.ts";
import { entryOf } from "./journal-entry.ts";

const journal = await openFileJournal(process.argv[2] ?? "");
for (let index = 0; ; index++) {
  await journal.put(entryOf(`entry ${index}`, { nonce: index, state: index % 3 === 0 ? "final" : "open" }));
  process.stdout.write(`${index}\n`);
}
