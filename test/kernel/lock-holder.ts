// Spawned by lock-file.test.ts: takes the lock of a directory, says so or why not, and stays.
import { isHanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";

try {
  await lockDirectory(process.argv[2] ?? "");
  process.stdout.write("held\n");
  setInterval(() => undefined, 1_000);
} catch (error) {
  process.stdout.write(isHanseError(error) ? `${error.code} ${error.details.pid}\n` : `${error}\n`);
}
