import type { Row, Rows } from "./record.ts";

/** @returns what differs between what is recorded and what was measured now, a line each. */
export function compareRows(recorded: Rows, measured: Rows): string[] {
  const names = new Set([...Object.keys(recorded), ...Object.keys(measured)]);
  return [...names].flatMap((name) => {
    const difference = compareRow(recorded[name], measured[name]);
    return difference === undefined ? [] : [`${name}: ${difference}`];
  });
}

function compareRow(before: Row | undefined, now: Row | undefined): string | undefined {
  if (before === undefined) return "not recorded";
  if (now === undefined) return "not measured any more";
  const change = now.value - before.value;
  if (change !== 0) {
    return `${change > 0 ? "rose" : "fell"} by ${Math.abs(change)}, ${before.value} → ${now.value}`;
  }
  return JSON.stringify(before) === JSON.stringify(now) ? undefined : "recorded with another bar or text";
}

/** @returns rows above their bar that do not say why, and rows that say why but are not above it. */
export function findBadBars(rows: Rows): string[] {
  return Object.entries(rows).flatMap(([name, { value, bar = Number.POSITIVE_INFINITY, limit }]) => {
    if (value > bar && limit === undefined)
      return [`${name}: ${value} is above its bar of ${bar}, and nothing says why`];
    if (value <= bar && limit !== undefined)
      return [`${name}: ${value} meets its bar, but something says why not`];
    return [];
  });
}
