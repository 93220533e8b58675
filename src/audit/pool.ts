import { encodeAbiParameters, getAbiItem } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { type Deal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { auditCursor } from "./cursor.ts";
import type { AuditGrace, ChainFacts, PoolFacts } from "./facts.ts";
import { type Report, same } from "./finding.ts";

/** What a pool has written down, against what the chain says where the pool has come to. */
export function auditPool(chain: ChainFacts, pool: PoolFacts, grace: AuditGrace, report: Report): void {
  const at = auditCursor(`pool ${pool.pool}`, pool.cursor, report);
  if (at === undefined) return;
  auditDeals(chain, pool, at, report);
  auditTasks(chain, pool, at, grace, report);
  auditSeals(chain, pool, at, grace, report);
}

function dealsOf({ deals, contracts }: ChainFacts, { pool }: PoolFacts, at: bigint) {
  return deals.filter(
    ({ deal, block }) => block <= at && assetIdToHex(deal.pool) === pool && deal.certifier === contracts.poco,
  );
}

function auditDeals(chain: ChainFacts, pool: PoolFacts, at: bigint, report: Report): void {
  const stored = new Map(pool.deals.map(({ id, deal }) => [id, deal]));
  for (const { id, deal, block } of dealsOf(chain, pool, at)) {
    const row = stored.get(id);
    stored.delete(id);
    if (row === undefined) report("POOL_DEAL_MISSING", id, `sealed in block ${block}`, "no row");
    else same(report, "POOL_DEAL_DIFFERS", id, encode(deal), encode(row));
  }
  for (const id of stored.keys()) report("POOL_DEAL_INVENTED", id, "no deal", "a row");
}

function auditTasks(chain: ChainFacts, pool: PoolFacts, at: bigint, grace: AuditGrace, report: Report): void {
  const rows = new Map(pool.tasks.map(({ id, status }) => [id, status]));
  for (const { id: deal, deal: content } of dealsOf(chain, pool, at)) {
    for (const index of taskIndices(content)) {
      const id = taskId(content, index);
      const row = rows.get(id);
      rows.delete(id);
      if (row === undefined) {
        report("POOL_TASK_MISSING", id, `a row of the deal ${deal}`, "none");
        continue;
      }
      const verdict = chain.verdicts.find((each) => each.taskId === id);
      const status = verdict?.type ?? "open";
      // It is looked at again with each block; what was settled a moment ago may not have been seen.
      const fresh = verdict !== undefined && verdict.block + grace.blocks > at;
      if (!(fresh && row === "open")) same(report, "POOL_TASK_STATUS_DIFFERS", id, status, row);
    }
  }
  for (const id of rows.keys()) report("POOL_TASK_MISSING", id, "a task of a deal", "a row of none");
}

function auditSeals(chain: ChainFacts, pool: PoolFacts, at: bigint, grace: AuditGrace, report: Report): void {
  const tasks = new Map(pool.tasks.map(({ id, status }) => [id, status]));
  const name = (seal: { taskId: string; seat: number; round: number; seal: string }) =>
    `${seal.taskId} seat ${seal.seat} round ${seal.round} seal ${seal.seal}`;
  const own = chain.seals.filter(({ taskId: id }) => tasks.has(id));
  const all = own.flatMap(({ taskId: id, seals, block }) =>
    seals.map((seal) => ({ ...seal, taskId: id, block })),
  );
  const onChain = new Set(all.map(name));
  const committed = new Set(pool.committed.map(name));
  for (const each of pool.committed) {
    if (!onChain.has(name(each))) report("POOL_SEAL_INVENTED", each.taskId, "no such answer", name(each));
  }
  // Of a settled task nothing is looked at any more; an open one is looked at after its block was stored.
  for (const each of all) {
    const due = each.block + grace.blocks <= at && tasks.get(each.taskId) === "open";
    if (due && !committed.has(name(each)))
      report("POOL_SEAL_MISSING", each.taskId, name(each), "no such answer");
  }
}

function encode(deal: Deal): string {
  return encodeAbiParameters([getAbiItem({ abi: pocoAbi, name: "extend" }).inputs[0]], [deal]);
}
