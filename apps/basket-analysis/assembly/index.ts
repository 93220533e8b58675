import { Baskets } from "./baskets";
import { CsvReader, recordsAtMost } from "./csv";
import { JsonWriter } from "./json-writer";
import {
  EXIT_BAD_DATASET,
  EXIT_BAD_PARAMS,
  EXIT_BEYOND_BOUNDS,
  EXIT_WRITE_FAILED,
  MAX_DATASET_BYTES,
  MAX_LINES,
  MAX_PARAMS_BYTES,
} from "./limits";
import { Pairs } from "./pairs";
import { DAY_LENGTH, Params } from "./params";
import { Sales } from "./sales";
import { exit, readInput, writeResult } from "./wasi";

function count(json: JsonWriter, name: string, value: i64): void {
  json.key(name);
  json.integer(value);
}

function writeCounts(json: JsonWriter, sales: Sales, baskets: Baskets, pairs: Pairs): void {
  const counts = sales.counts;
  json.key("counts");
  json.open("{");
  count(json, "baskets", baskets.count);
  count(json, "cancellationLines", counts.cancellationLines);
  count(json, "lines", counts.lines);
  count(json, "missingCustomerLines", counts.missingCustomerLines);
  count(json, "products", baskets.products);
  count(json, "saleLines", counts.saleLines);
  json.key("skipped");
  json.open("{");
  count(json, "malformedLines", counts.malformedLines);
  count(json, "nonProductLines", counts.nonProductLines);
  count(json, "otherDayLines", counts.otherDayLines);
  count(json, "stockAdjustmentLines", counts.stockAdjustmentLines);
  count(json, "subPennyLines", counts.subPennyLines);
  count(json, "zeroPriceLines", counts.zeroPriceLines);
  json.close("}");
  count(json, "supportedPairs", pairs.supported);
  json.close("}");
}

function writePairs(json: JsonWriter, sales: Sales, baskets: Baskets, pairs: Pairs): void {
  json.key("pairs");
  json.open("[");
  for (let i = 0; i < pairs.best.length; i++) {
    const pair = pairs.best[i];
    const a = baskets.codeOf[pair.a];
    const b = baskets.codeOf[pair.b];
    json.open("{");
    json.key("a");
    json.text(sales.codes.start(a), sales.codes.length(a));
    json.key("b");
    json.text(sales.codes.start(b), sales.codes.length(b));
    count(json, "countA", pair.countA);
    count(json, "countB", pair.countB);
    count(json, "countBoth", pair.countBoth);
    // At most 10^12 each.
    count(json, "liftDenominator", <i64>pair.countA * <i64>pair.countB);
    count(json, "liftNumerator", <i64>pair.countBoth * <i64>baskets.count);
    json.close("}");
  }
  json.close("]");
}

function writeRevenue(json: JsonWriter, sales: Sales, days: Array<usize>): void {
  const countries = sales.countries.sorted();
  json.key("revenue");
  json.open("[");
  for (let day = 0; day < days.length; day++) {
    for (let i = 0; i < countries.length; i++) {
      const country = countries[i];
      if (!sales.traded[country][day]) continue;
      const sold = sales.salesPence[country][day];
      const cancelled = sales.cancelledPence[country][day];
      json.open("{");
      count(json, "cancelledPence", cancelled);
      json.key("country");
      json.text(sales.countries.start(country), sales.countries.length(country));
      json.key("day");
      json.text(days[day], DAY_LENGTH);
      count(json, "revenuePence", sold - cancelled);
      count(json, "salesPence", sold);
      json.close("}");
    }
  }
  json.close("]");
}

const paramsBytes = readInput("params.json", MAX_PARAMS_BYTES, EXIT_BAD_PARAMS, EXIT_BAD_PARAMS);
const params = new Params(paramsBytes);
const dataset = readInput("dataset", MAX_DATASET_BYTES, EXIT_BAD_DATASET, EXIT_BEYOND_BOUNDS);
const atMost = recordsAtMost(dataset);
if (atMost > MAX_LINES + 1) exit(EXIT_BEYOND_BOUNDS);
const sales = new Sales(new CsvReader(dataset), params.days, atMost);
const baskets = new Baskets(sales);
const pairs = new Pairs(baskets, params.minPairCount, params.top);

const json = new JsonWriter();
json.open("{");
writeCounts(json, sales, baskets, pairs);
json.key("days");
json.open("[");
for (let i = 0; i < params.days.length; i++) json.text(params.days[i], DAY_LENGTH);
json.close("]");
json.key("definition");
json.name("basket-analysis/1");
count(json, "minPairCount", params.minPairCount);
writePairs(json, sales, baskets, pairs);
writeRevenue(json, sales, params.days);
count(json, "top", params.top);
json.close("}");
writeResult(json.start, json.length, EXIT_WRITE_FAILED);
