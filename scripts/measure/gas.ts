// Measures the gas of what the contracts are used for, by receipts on Hardhat's in-process chain, and records it in
// docs/gas.json. The contracts are those that were built last.
//   node scripts/measure/gas.ts           measures and records
//   node scripts/measure/gas.ts --check   fails where it is not exactly what is recorded
// Both fail where a row is above its bar and does not say why.
import { compareRows, findBadBars } from "./compare.ts";
import { measureGas } from "./gas/measure.ts";
import { GAS_ROWS } from "./gas/rows.ts";
import { type Row, readRows, record } from "./record.ts";

const COMMAND = "node scripts/measure/gas.ts";
const MEASURED = "receipts on Hardhat's chain, Cancun";

const measured = await measureGas();
const rows = Object.fromEntries(
  Object.entries(GAS_ROWS).map(([name, { what, bar, reference, limit }]): [string, Row] => [
    name,
    {
      what,
      value: measured[name] ?? 0,
      ...(bar === undefined ? {} : { bar }),
      ...(reference === undefined ? {} : { reference }),
      ...{ unit: "gas", command: COMMAND, measured: MEASURED },
      ...(limit === undefined ? {} : { limit }),
    },
  ]),
);

const complaints = findBadBars(rows);
if (process.argv.includes("--check")) {
  const differences = compareRows(await readRows("gas"), rows);
  complaints.push(...differences);
  if (differences.length > 0) complaints.push(`if that is meant, run \`${COMMAND}\` and commit docs/gas.*`);
} else {
  await record("gas", rows);
}
for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.exitCode = complaints.length > 0 ? 1 : 0;
