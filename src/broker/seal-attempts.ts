import type { Hex } from "viem";
import type { Proposal } from "#src/book/proposal.ts";
import type { AttemptedMatch, BrokerQueries } from "./broker-tables.ts";

/** Persisted before anything is sent: after a crash it tells which orders the chain has to be asked about. */
export async function beginAttempt(queries: BrokerQueries, proposals: readonly Proposal[]): Promise<bigint> {
  const matches = proposals.map(
    ({ request, app, dataset, pool, volume }): AttemptedMatch => ({
      request: request.hash,
      app: app.hash,
      ...(dataset ? { dataset: dataset.hash } : {}),
      pool: pool.hash,
      volume,
    }),
  );
  const { id } = await queries
    .insertInto("seal_attempts")
    .values({ matches: JSON.stringify(matches), outcome: null, tx_hash: null, ended_at: null })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

export async function endAttempt(
  queries: BrokerQueries,
  id: bigint,
  end: {
    readonly status: "mined" | "failed" | "reconciled";
    readonly txHash?: Hex;
    readonly outcome?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await queries
    .updateTable("seal_attempts")
    .set({
      status: end.status,
      tx_hash: end.txHash ?? null,
      outcome: end.outcome === undefined ? null : JSON.stringify(end.outcome),
      ended_at: new Date(),
    })
    .where("id", "=", id)
    .execute();
}

/** Attempts whose end nobody saw, with all their orders. */
export async function pendingAttempts(queries: BrokerQueries): Promise<{ id: bigint; orders: Hex[] }[]> {
  const rows = await queries
    .selectFrom("seal_attempts")
    .select(["id", "matches"])
    .where("status", "=", "pending")
    .execute();
  return rows.map(({ id, matches }) => ({
    id,
    orders: matches.flatMap(({ request, app, dataset, pool }) => [
      request,
      app,
      pool,
      ...(dataset ? [dataset] : []),
    ]),
  }));
}
