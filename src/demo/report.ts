import { renderTable } from "#src/kernel/render-table.ts";
import { formatHanse } from "#src/protocol/money.ts";
import { LIAR, workerAccount } from "./cast.ts";
import type { Ledger, WorkerBook } from "./ledger.ts";

/** The table at the end: what everybody had, has, and why. */
export function renderReport(before: Ledger, after: Ledger, books: ReadonlyMap<string, WorkerBook>): string {
  const rows = after.lines.map((line, i) => {
    const earlier = before.lines[i];
    const change = line.free + line.locked - (earlier ? earlier.free + earlier.locked : 0n);
    return [
      line.name,
      signed(change),
      formatHanse(line.free),
      formatHanse(line.locked),
      remark(line.address, books),
    ];
  });
  return renderTable(["who", "change", "free", "locked", "why (HANSE)"], rows);
}

function remark(address: string, books: ReadonlyMap<string, WorkerBook>): string {
  const book = books.get(address);
  if (book === undefined) return "";
  const liar = address === workerAccount(LIAR).address ? ["the one that always lies"] : [];
  const parts = [
    ...liar,
    ...(book.certified > 0 ? [`right in ${book.certified}: +${formatHanse(book.rewarded)}`] : []),
    ...(book.slashed > 0n ? [`wrong, slashed: -${formatHanse(book.slashed)}`] : []),
    ...(book.fined > 0n ? [`missed, fined: -${formatHanse(book.fined)}`] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "never drawn";
}

function signed(amount: bigint): string {
  return amount > 0n ? `+${formatHanse(amount)}` : formatHanse(amount);
}
