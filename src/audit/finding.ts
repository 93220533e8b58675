/** What can be wrong, by a stable name. */
export const FINDING_CODES = {
  TOKENS_UNBALANCED: "a token balance is not what its transfers add up to",
  SUPPLY_UNBALANCED: "all token balances together are not the supply",
  TILL_SHORT: "the till holds less than the accounts' money",
  ACCOUNTS_UNBALANCED: "the accounts' money is not what was deposited and not withdrawn",
  LOCKS_DIFFER: "an account's locked money is not what its deals and bonds hold",
  STAKES_UNBACKED: "what a certifier holds bonded is not the stakes of its seats",
  EARNINGS_UNCOVERED: "a certifier has less than its seats have earned",
  DEAL_UNKNOWN: "a deal's event and the Clerk's record of it differ",
  REQUEST_OVERFILLED: "a request's deals leave gaps, overlap or exceed its volume",
  UNITS_DIFFER: "a deal's open units are not its volume without what was settled",
  UNIT_UNJUDGED: "a unit was settled without a verdict, or a verdict without a unit",
  TASK_TWICE: "a task was settled twice",
  TASK_STATUS_DIFFERS: "a task's status on chain is not what its events tell",
  SEIZED_DIFFERS: "what was seized for a task is not what its workers lost",
  REWARDS_EXCEED: "a task's workers got more than the pool was paid and seats lost",
  TASK_OVERDUE: "a task is neither settled nor in time",
  CURSOR_OFF_CHAIN: "a database follows another branch than the chain",
  ORDER_LOST: "an acknowledged order is not in the broker's table",
  ORDER_UNREADABLE: "a stored order cannot be read",
  ORDER_ALTERED: "a stored order is not the one that its hash names",
  ORDER_STATUS_DIFFERS: "an order's status is not what the chain says",
  ORDER_FILL_DIFFERS: "an order's fill is not what the Clerk counts",
  ORDER_OVERFILLED: "an order was sealed beyond its volume",
  BROKER_DEAL_MISSING: "a sealed deal is not in the broker's table",
  BROKER_DEAL_INVENTED: "the broker has a deal that the chain has not",
  BROKER_DEAL_DIFFERS: "the broker's deal is another than the chain's",
  ATTEMPT_OPEN: "nobody knows how an attempt to seal ended",
  ATTEMPT_TWICE: "two attempts to seal claim one transaction",
  ATTEMPT_OUTCOME_DIFFERS: "an attempt's transaction sealed other deals than it says",
  POOL_DEAL_MISSING: "a deal of the pool is not in its table",
  POOL_DEAL_INVENTED: "the pool has a deal that the chain has not",
  POOL_DEAL_DIFFERS: "the pool's deal is another than the chain's",
  POOL_TASK_MISSING: "a task of a deal is not in the pool's table, or one of no deal is",
  POOL_TASK_STATUS_DIFFERS: "a task's status in the pool's table is not the chain's",
  POOL_SEAL_MISSING: "a committed answer is not in the pool's table",
  POOL_SEAL_INVENTED: "the pool believes an answer committed that the chain has not",
} as const;

export type FindingCode = keyof typeof FINDING_CODES;

/** Something that is not as it has to be. */
export interface Finding {
  readonly code: FindingCode;
  /** Whose: an address, or the hash of an order, a deal, a task. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** Gathers findings of one kind of subject. */
export type Report = (code: FindingCode, what: string, expected: unknown, found: unknown) => void;

/** Reports where two values differ. @returns whether they are the same */
export function same(report: Report, code: FindingCode, what: string, expected: unknown, found: unknown) {
  if (String(expected) === String(found)) return true;
  report(code, what, expected, found);
  return false;
}

/** What was found both times. Amounts move on while a market is at work: whose it is tells that it is the same. */
export function foundAgain(first: readonly Finding[], second: readonly Finding[]): Finding[] {
  const before = new Set(first.map(({ code, what }) => `${code} ${what}`));
  return second.filter(({ code, what }) => before.has(`${code} ${what}`));
}
