import type { Row, Table } from "../../journal.ts";
import type { View } from "../market-chain.ts";

/** One view of a contract, and what the model says it tells, word by word. */
export interface Observation extends View {
  readonly what: string;
  readonly words: readonly bigint[];
}

/** Stands for a word that the model says nothing about. */
export const ANY = -1n;

/** All rows of a table, or those that were touched since it was asked last. */
export function rowsOf<V>(table: Table<V>, whole: boolean): Array<Row<V>> {
  const touched = table.touchedRows();
  return whole ? table.rows() : touched;
}

export function view(
  what: string,
  to: View["to"],
  method: string,
  args: readonly unknown[],
  words: readonly bigint[],
): Observation {
  return { what, to, method, args, words };
}
