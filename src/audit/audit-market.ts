import { auditBroker } from "./broker.ts";
import { auditDeals } from "./deals.ts";
import type { AuditGrace, MarketFacts } from "./facts.ts";
import type { Finding, Report } from "./finding.ts";
import { auditMoney } from "./money.ts";
import { auditPool } from "./pool.ts";

/** For a market that is at work: a finding is then not what somebody is just about to do. */
export const WORKING: AuditGrace = { blocks: 30n, seconds: 600n };
/** For a market that has come to rest. */
export const AT_REST: AuditGrace = { blocks: 0n, seconds: 0n };

/** Everything that is not as it has to be; nothing where all is well. */
export function auditMarket(facts: MarketFacts, grace: AuditGrace): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (code, what, expected, found) =>
    findings.push({ code, what, expected: String(expected), found: String(found) });
  auditMoney(facts.chain, report);
  auditDeals(facts.chain, grace, report);
  if (facts.broker !== undefined) auditBroker(facts, facts.broker, grace, report);
  for (const pool of facts.pools ?? []) auditPool(facts.chain, pool, grace, report);
  return findings;
}
