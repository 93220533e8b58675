// Deploys the contracts and writes the manifest that every service reads.
//   HANSE_RPC_URL=… HANSE_DEPLOYER_KEY=… node scripts/deploy/main.ts <manifest.json> [--parameters <file.json>]
// Run again, it changes nothing; interrupted, it goes on. A development chain needs no parameters.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { isHanseError } from "#src/kernel/errors.ts";
import { redactText } from "#src/kernel/redaction.ts";
import { journalPath } from "./manifest.ts";
import { readParameters } from "./parameters.ts";
import { runDeployment } from "./run.ts";

const { values, positionals } = parseArgs({
  options: { parameters: { type: "string" } },
  allowPositionals: true,
});
const [manifestPath, ...tooMany] = positionals;
const { HANSE_RPC_URL: rpcUrl, HANSE_DEPLOYER_KEY: privateKey } = process.env;
if (manifestPath === undefined || tooMany.length > 0 || rpcUrl === undefined || privateKey === undefined) {
  process.stderr.write(
    "usage: HANSE_RPC_URL=… HANSE_DEPLOYER_KEY=… node scripts/deploy/main.ts <manifest.json> [--parameters <file.json>]\n",
  );
  process.exit(2);
}

try {
  const parameters = values.parameters === undefined ? undefined : await readParameters(values.parameters);
  const { deployed, manifest } = await runDeployment({ rpcUrl, privateKey, manifestPath, parameters });
  process.stdout.write(`${deployed ? "deployed" : "already deployed"}: ${manifestPath}\n`);
  for (const [name, { pending }] of Object.entries(manifest.ownership)) {
    if (pending !== undefined)
      process.stdout.write(`${pending} has yet to accept the ownership of ${name}\n`);
  }
} catch (error) {
  // Never the whole of an error that is not ours: it may hold the address of the endpoint, with a password in it.
  const { message, shortMessage = message } = error as Error & { shortMessage?: string };
  process.stderr.write(`${isHanseError(error) ? message : redactText(shortMessage)}\n`);
  if (existsSync(journalPath(manifestPath))) {
    process.stderr.write("Interrupted: the same command goes on where this one ended.\n");
  }
  process.exitCode = 1;
}
