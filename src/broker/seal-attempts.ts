import type { Hex } from "viem";
import type { Proposal } from "#src/book/proposal.ts";
import type { AttemptedMatch, BrokerQueries } from "./broker-tables.ts";

/** A batch that is about to be sealed, or was. */
export interface SealAttempt {
  readonly id: bigint;
  /** What its transaction is sent under: no other attempt ever has the same, not even of a database begun anew. */
  readonly name: string;
}

/** Persisted before anything is sent: after a crash it tells which orders the chain has to be asked about. */
export async function beginAttempt(
  queries: BrokerQueries,
  proposals: readonly Proposal[],
): Promise<SealAttempt> {
  const matches = proposals.map(
    ({ request, app, dataset, pool, volume }): AttemptedMatch => ({
      request: request.hash,
      app: app.hash,
      ...(dataset ? { dataset: dataset.hash } : {}),
      pool: pool.hash,
      volume,
    }),
  );
  const row = await queries
    .insertInto("seal_attempts")
    .values({ matches: JSON.stringify(matches), outcome: null, tx_hash: null, ended_at: null })
    .returning(["id", "begun_at"])
    .executeTakeFirstOrThrow();
  return attemptOf(row);
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

/** Attempts whose end nobody saw, oldest first, with all their orders. */
export async function pendingAttempts(
  queries: BrokerQueries,
): Promise<(SealAttempt & { readonly orders: readonly Hex[] })[]> {
  const rows = await queries
    .selectFrom("seal_attempts")
    .select(["id", "begun_at", "matches"])
    .where("status", "=", "pending")
    .orderBy("id")
    .execute();
  return rows.map(({ matches, ...row }) => ({
    ...attemptOf(row),
    orders: matches.flatMap(({ request, app, dataset, pool }) => [
      request,
      app,
      pool,
      ...(dataset ? [dataset] : []),
    ]),
  }));
}

function attemptOf({ id, begun_at }: { readonly id: bigint; readonly begun_at: Date }): SealAttempt {
  return { id, name: `seal:${id}:${begun_at.toISOString()}` };
}
