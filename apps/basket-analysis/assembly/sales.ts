import { isDigit, isLetter, isPlainText } from "./bytes";
import { CsvReader } from "./csv";
import { Intern } from "./intern";
import { EXIT_BAD_DATASET, EXIT_BEYOND_BOUNDS, MAX_TOTAL_PENCE } from "./limits";
import { DAY_LENGTH, isDay } from "./params";
import { exit } from "./wasi";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

const INVOICE = 0;
const CODE = 1;
const QUANTITY = 3;
const DATE = 4;
const PRICE = 5;
const CUSTOMER = 6;
const COUNTRY = 7;

const NOT_A_NUMBER: i64 = i64.MIN_VALUE;
const SUB_PENNY: i64 = -1;

/** What every line became. The eight line counts below add up to `lines`. */
export class Counts {
  lines: i32 = 0;
  saleLines: i32 = 0;
  cancellationLines: i32 = 0;
  malformedLines: i32 = 0;
  otherDayLines: i32 = 0;
  nonProductLines: i32 = 0;
  subPennyLines: i32 = 0;
  stockAdjustmentLines: i32 = 0;
  zeroPriceLines: i32 = 0;
  /** Among the sale lines: kept, since neither result needs the customer. */
  missingCustomerLines: i32 = 0;
}

/** The lines that matter, sorted out as README.md defines it. */
export class Sales {
  counts: Counts = new Counts();
  invoices: Intern;
  codes: Intern;
  countries: Intern;
  /** Per country (by number), per selected day: pence; and whether anything was sold or cancelled at all. */
  salesPence: Array<StaticArray<i64>> = [];
  cancelledPence: Array<StaticArray<i64>> = [];
  traded: Array<StaticArray<bool>> = [];
  /** Sale line i is product lineCode[i] on invoice lineInvoice[i]; there are counts.saleLines of them. */
  lineInvoice: StaticArray<i32>;
  lineCode: StaticArray<i32>;

  constructor(
    private csv: CsvReader,
    private days: Array<usize>,
    atMost: i32,
  ) {
    this.invoices = new Intern(atMost);
    this.codes = new Intern(atMost);
    this.countries = new Intern(atMost);
    this.lineInvoice = new StaticArray<i32>(atMost);
    this.lineCode = new StaticArray<i32>(atMost);
    if (!csv.next() || !this.isHeader()) exit(EXIT_BAD_DATASET);
    while (csv.next()) this.line();
  }

  private isHeader(): bool {
    const csv = this.csv;
    if (csv.fields != 8 || csv.badQuotes) return false;
    const names = HEADER.split(",");
    for (let field = 0; field < 8; field++) {
      const name = names[field];
      if (csv.length(field) != name.length) return false;
      for (let i = 0; i < name.length; i++) if (load<u8>(csv.start(field) + i) != name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The first rule that fits decides; the order is the definition's. */
  private line(): void {
    const csv = this.csv;
    const counts = this.counts;
    counts.lines++;

    const date = csv.start(DATE);
    if (csv.fields != 8 || csv.badQuotes || !this.isDate(date, csv.length(DATE))) {
      counts.malformedLines++;
      return;
    }
    const day = this.selectedDay(date);
    if (day < 0) {
      counts.otherDayLines++;
      return;
    }
    const quantity = this.quantity();
    if (csv.length(INVOICE) == 0 || quantity == NOT_A_NUMBER || !isPlainText(csv.start(COUNTRY), csv.length(COUNTRY))) {
      counts.malformedLines++;
      return;
    }
    if (!this.foldProductCode()) {
      counts.nonProductLines++;
      return;
    }
    const price = this.pricePence();
    if (price == NOT_A_NUMBER) {
      counts.malformedLines++;
      return;
    }
    if (price == SUB_PENNY) {
      counts.subPennyLines++;
      return;
    }
    const cancels = load<u8>(csv.start(INVOICE)) == 0x43; // C
    if (quantity == 0 || (cancels && quantity > 0)) {
      counts.malformedLines++;
      return;
    }
    if (!cancels && quantity < 0) {
      counts.stockAdjustmentLines++;
      return;
    }
    if (price == 0) {
      counts.zeroPriceLines++;
      return;
    }
    if (cancels) {
      counts.cancellationLines++;
      this.add(this.cancelledPence, day, -quantity * price);
      return;
    }
    this.add(this.salesPence, day, quantity * price);
    if (csv.length(CUSTOMER) == 0) counts.missingCustomerLines++;
    this.lineInvoice[counts.saleLines] = this.invoices.add(csv.start(INVOICE), csv.length(INVOICE));
    this.lineCode[counts.saleLines] = this.codes.add(csv.start(CODE), csv.length(CODE));
    counts.saleLines++;
  }

  private isDate(at: usize, length: i32): bool {
    if (length < DAY_LENGTH || !isDay(at, DAY_LENGTH)) return false;
    return length == DAY_LENGTH || load<u8>(at + DAY_LENGTH) == 0x20;
  }

  private selectedDay(date: usize): i32 {
    for (let i = 0; i < this.days.length; i++) if (memory.compare(this.days[i], date, DAY_LENGTH) == 0) return i;
    return -1;
  }

  /** `-?[0-9]{1,6}` */
  private quantity(): i64 {
    let at = this.csv.start(QUANTITY);
    const end = at + this.csv.length(QUANTITY);
    const negative = at < end && load<u8>(at) == 0x2d;
    if (negative) at++;
    if (at == end || end - at > 6) return NOT_A_NUMBER;
    let value: i64 = 0;
    for (; at < end; at++) {
      if (!isDigit(load<u8>(at))) return NOT_A_NUMBER;
      value = value * 10 + <i64>(load<u8>(at) - 0x30);
    }
    return negative ? -value : value;
  }

  /** `[0-9]{5}[A-Za-z]*`, folded to capitals where it stands: the same product is written 85123A and 85123a. */
  private foldProductCode(): bool {
    const at = this.csv.start(CODE);
    const length = this.csv.length(CODE);
    if (length < 5) return false;
    for (let i = 0; i < length; i++) {
      const byte = load<u8>(at + i);
      if (i < 5 ? !isDigit(byte) : !isLetter(byte)) return false;
    }
    for (let i = 5; i < length; i++) store<u8>(at + i, load<u8>(at + i) & 0xdf);
    return true;
  }

  /** `[0-9]{1,6}(\.[0-9]+)?` pounds in pence, exactly: a third decimal that is not 0 is SUB_PENNY, never rounded. */
  private pricePence(): i64 {
    let at = this.csv.start(PRICE);
    const end = at + this.csv.length(PRICE);
    let pence: i64 = 0;
    let digits = 0;
    for (; at < end && isDigit(load<u8>(at)); at++, digits++) {
      if (digits == 6) return NOT_A_NUMBER;
      pence = pence * 10 + <i64>(load<u8>(at) - 0x30);
    }
    if (digits == 0) return NOT_A_NUMBER;
    let decimals = 0;
    let subPenny = false;
    if (at < end) {
      if (load<u8>(at++) != 0x2e || at == end) return NOT_A_NUMBER;
      for (; at < end; at++, decimals++) {
        const byte = load<u8>(at);
        if (!isDigit(byte)) return NOT_A_NUMBER;
        if (decimals < 2) pence = pence * 10 + <i64>(byte - 0x30);
        else if (byte != 0x30) subPenny = true;
      }
    }
    for (; decimals < 2; decimals++) pence *= 10;
    return subPenny ? SUB_PENNY : pence;
  }

  /** A line is below 10^6 * 10^8 pence and totals are checked after each: no sum leaves 64 bits. */
  private add(totals: Array<StaticArray<i64>>, day: i32, pence: i64): void {
    const country = this.countries.add(this.csv.start(COUNTRY), this.csv.length(COUNTRY));
    if (country == this.traded.length) {
      this.salesPence.push(new StaticArray<i64>(this.days.length));
      this.cancelledPence.push(new StaticArray<i64>(this.days.length));
      this.traded.push(new StaticArray<bool>(this.days.length));
    }
    this.traded[country][day] = true;
    const total = totals[country][day] + pence;
    if (total > MAX_TOTAL_PENCE) exit(EXIT_BEYOND_BOUNDS);
    totals[country][day] = total;
  }
}
