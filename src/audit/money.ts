import { type Address, zeroAddress } from "viem";
import { buyerUnit } from "#src/protocol/deals.ts";
import type { ChainFacts } from "./facts.ts";
import { type Report, same } from "./finding.ts";

/** Tokens, accounts, locks, bonds: nothing was lost and nothing created. */
export function auditMoney(chain: ChainFacts, report: Report): void {
  auditTokens(chain, report);
  const { accounts, deposits, withdrawals, balances, contracts } = chain;
  const owed = sum([...accounts.values()].map(({ free, locked }) => free + locked));
  const brought = sum(deposits.map(({ amount }) => amount)) - sum(withdrawals.map(({ amount }) => amount));
  same(report, "ACCOUNTS_UNBALANCED", contracts.clerk, brought, owed);
  const held = balances.get(contracts.till) ?? 0n;
  if (held < owed) report("TILL_SHORT", contracts.till, `at least ${owed}`, held);
  auditLocks(chain, report);
  auditSeats(chain, report);
}

function auditTokens({ transfers, balances, supply, contracts }: ChainFacts, report: Report): void {
  const told = new Map<Address, bigint>();
  for (const { from, to, amount } of transfers) {
    if (from !== zeroAddress) add(told, from, -amount);
    if (to !== zeroAddress) add(told, to, amount);
  }
  for (const [account, balance] of balances) {
    same(report, "TOKENS_UNBALANCED", account, told.get(account) ?? 0n, balance);
  }
  same(report, "SUPPLY_UNBALANCED", contracts.token, supply, sum([...balances.values()]));
}

function auditLocks({ deals, bonds, accounts }: ChainFacts, report: Report): void {
  const locks = new Map<Address, bigint>();
  for (const { deal, state } of deals) {
    const open = BigInt(state.openUnits);
    add(locks, deal.payer, buyerUnit(deal) * open);
    add(locks, deal.poolOwner, deal.poolStake * open);
  }
  for (const { account, amount } of bonds) add(locks, account, amount);
  for (const [account, { locked }] of accounts) {
    same(report, "LOCKS_DIFFER", account, locks.get(account) ?? 0n, locked);
  }
}

/** The laws of `IPanel` about its money. */
function auditSeats({ seats, bonds, accounts, contracts: { poco } }: ChainFacts, report: Report): void {
  const held = sum(bonds.filter(({ certifier }) => certifier === poco).map(({ amount }) => amount));
  same(report, "STAKES_UNBACKED", poco, sum(seats.map(({ stake }) => stake)), held);
  const earned = sum(seats.map((seat) => seat.earned));
  const free = accounts.get(poco)?.free ?? 0n;
  if (free < earned) report("EARNINGS_UNCOVERED", poco, `at least ${earned}`, free);
}

function add(sums: Map<Address, bigint>, account: Address, amount: bigint): void {
  sums.set(account, (sums.get(account) ?? 0n) + amount);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((all, amount) => all + amount, 0n);
}
