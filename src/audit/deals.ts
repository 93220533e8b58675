import { encodeAbiParameters, getAbiItem, type Hex, keccak256, sliceHex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { type Deal, idOfDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { AuditGrace, ChainFacts, DealFact } from "./facts.ts";
import { type Report, same } from "./finding.ts";

/** Status numbers of `IPanel`. */
export const TASK_STATUSES = ["open", "certified", "failed", "claimed"] as const;

/** Deals, their units and their tasks: each settled at most once, by a verdict, for what was locked. */
export function auditDeals(chain: ChainFacts, grace: AuditGrace, report: Report): void {
  auditRequests(chain.deals, report);
  for (const fact of chain.deals) auditDeal(chain, fact, report);
  auditVerdicts(chain, report);
  auditStatuses(chain, grace, report);
}

/** A request's deals follow each other without a gap, so none of its tasks is sealed twice. */
function auditRequests(deals: readonly DealFact[], report: Report): void {
  for (const [request, own] of Map.groupBy(deals, ({ deal }) => deal.requestId)) {
    let next = 0;
    for (const { deal } of own.toSorted((a, b) => a.deal.firstTask - b.deal.firstTask)) {
      same(
        report,
        "REQUEST_OVERFILLED",
        request,
        `a deal from task ${next}`,
        `a deal from task ${deal.firstTask}`,
      );
      next = deal.firstTask + deal.volume;
    }
    const first = own.find(({ deal }) => deal.firstTask === 0);
    // A cancelled salt counts as filled to the brim.
    const counted = first?.state.requestFilled;
    if (counted !== undefined && counted !== 2 ** 32 - 1)
      same(report, "REQUEST_OVERFILLED", request, next, counted);
  }
}

function auditDeal(chain: ChainFacts, { id, deal, params, state }: DealFact, report: Report): void {
  same(report, "DEAL_UNKNOWN", id, idOfDeal(deal), id);
  same(report, "DEAL_UNKNOWN", id, commitmentOf(deal), state.commitment);
  same(report, "DEAL_UNKNOWN", id, deal.paramsHash, keccak256(params));
  const settled = chain.settlements.filter(({ dealId }) => dealId === id);
  // Counted down one by one: no unit twice.
  for (const [index, { openUnits }] of settled.entries()) {
    same(report, "UNITS_DIFFER", id, deal.volume - index - 1, openUnits);
  }
  same(report, "UNITS_DIFFER", id, deal.volume - settled.length, state.openUnits);
}

function commitmentOf(deal: Deal): Hex {
  const [parameter] = getAbiItem({ abi: pocoAbi, name: "extend" }).inputs;
  return sliceHex(keccak256(encodeAbiParameters([parameter], [deal])), 0, 24);
}

/** Each unit was settled by the verdict of a task of its own, and what was seized for it is what workers lost. */
function auditVerdicts(
  { deals, settlements, verdicts, losses, contracts }: ChainFacts,
  report: Report,
): void {
  const owners = new Map(
    deals
      .filter(({ deal }) => deal.certifier === contracts.poco)
      .flatMap((fact) => taskIndices(fact.deal).map((index) => [taskId(fact.deal, index), fact] as const)),
  );
  for (const [id, judged] of Map.groupBy(verdicts, (verdict) => verdict.taskId)) {
    if (judged.length > 1) report("TASK_TWICE", id, "one verdict", judged.map(({ type }) => type).join(", "));
  }
  const units = new Map<string, number>();
  for (const { taskId: id, txHash, type, rewards } of verdicts) {
    const owner = owners.get(id);
    if (owner === undefined) {
      report("UNIT_UNJUDGED", id, "a task of a sealed deal", "a verdict on another");
      continue;
    }
    const key = `${owner.id} ${txHash}`;
    units.set(key, (units.get(key) ?? 0) + 1);
    const lost = losses.filter((loss) => loss.taskId === id && loss.txHash === txHash);
    const spoils = lost.filter(({ toWinners }) => toWinners).reduce((sum, { amount }) => sum + amount, 0n);
    const pot = owner.deal.poolPrice + spoils;
    if (type !== "claimed" && rewards > pot) report("REWARDS_EXCEED", id, `at most ${pot}`, rewards);
  }
  for (const [key, settled] of Map.groupBy(settlements, ({ dealId, txHash }) => `${dealId} ${txHash}`)) {
    const [{ dealId, txHash } = { dealId: key, txHash: "0x" }] = settled;
    if (deals.find(({ id }) => id === dealId)?.deal.certifier !== contracts.poco) continue;
    same(
      report,
      "UNIT_UNJUDGED",
      dealId,
      `${settled.length} verdicts in ${txHash}`,
      `${units.get(key) ?? 0} verdicts in ${txHash}`,
    );
    units.delete(key);
    const seized = settled.reduce((sum, unit) => sum + unit.seized, 0n);
    const lost = losses
      .filter((loss) => loss.txHash === txHash && owners.get(loss.taskId)?.id === dealId)
      .reduce((sum, { amount }) => sum + amount, 0n);
    same(report, "SEIZED_DIFFERS", dealId, lost, seized);
  }
  for (const [key, count] of units)
    report("UNIT_UNJUDGED", key, "a settled unit for each verdict", `${count} verdicts alone`);
}

/** The chain's record of each task is what its events tell, and none is left lying. */
function auditStatuses(
  { deals, verdicts, statuses, head }: ChainFacts,
  grace: AuditGrace,
  report: Report,
): void {
  const judged = new Map(verdicts.map(({ taskId: id, type }) => [id, type]));
  for (const { deal: content } of deals) {
    const { deadlineBlocks } = frozenTerms(content);
    for (const index of taskIndices(content)) {
      const id = taskId(content, index);
      const status = statuses.get(id);
      if (status === undefined) continue;
      same(report, "TASK_STATUS_DIFFERS", id, judged.get(id) ?? "open", TASK_STATUSES[status] ?? status);
      const due = content.sealedAtBlock + deadlineBlocks;
      if (status === 0 && head.number > due + grace.blocks) {
        report("TASK_OVERDUE", id, `settled by block ${due}`, `open at block ${head.number}`);
      }
    }
  }
}
