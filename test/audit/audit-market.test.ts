import { numberToHex } from "viem";
import { describe, expect, test } from "vitest";
import { AT_REST, auditMarket, WORKING } from "#src/audit/audit-market.ts";
import type { MarketFacts } from "#src/audit/facts.ts";
import { FINDING_CODES, type FindingCode, foundAgain } from "#src/audit/finding.ts";
import {
  BUYER,
  DEAL,
  HEAD,
  OPEN_TASK,
  POCO,
  REQUEST,
  SELLER,
  SETTLED_TASK,
  type SoundMarket,
  soundMarket,
  TILL,
} from "./sound-market.ts";

const other = numberToHex(0xdead, { size: 32 });
const ended = { block: 26n, txHash: other };

/** One thing that is wrong, put into a market in which nothing else is. */
type Plant = (market: SoundMarket) => MarketFacts;
const onChain =
  (change: (chain: SoundMarket["chain"]) => Partial<MarketFacts["chain"]>): Plant =>
  (market) => ({ ...market, chain: { ...market.chain, ...change(market.chain) } });
const inBroker =
  (change: (broker: SoundMarket["broker"]) => Partial<NonNullable<MarketFacts["broker"]>>): Plant =>
  (market) => ({ ...market, broker: { ...market.broker, ...change(market.broker) } });
const inPool =
  (
    change: (pool: SoundMarket["pools"][number]) => Partial<NonNullable<MarketFacts["pools"]>[number]>,
  ): Plant =>
  (market) => ({ ...market, pools: market.pools.map((pool) => ({ ...pool, ...change(pool) })) });
const inRequest = (change: Partial<NonNullable<MarketFacts["broker"]>["orders"][number]>): Plant =>
  inBroker(({ orders }) => ({
    orders: orders.map((order) => (order.hash === REQUEST ? { ...order, ...change } : order)),
  }));
const inAccount = (account: typeof BUYER, change: { free?: bigint; locked?: bigint }): Plant =>
  onChain(({ accounts }) => {
    const before = accounts.get(account) ?? { free: 0n, locked: 0n };
    return { accounts: new Map([...accounts, [account, { ...before, ...change }]]) };
  });
const inDeal = (change: object): Plant =>
  onChain(({ deals }) => ({ deals: deals.map((deal) => ({ ...deal, ...change })) }));

const PLANTED: Record<FindingCode, ReadonlyArray<readonly [what: string, plant: Plant]>> = {
  TOKENS_UNBALANCED: [
    [
      "a balance without a transfer",
      onChain(({ balances }) => ({ balances: new Map([...balances, [SELLER, 1n]]) })),
    ],
  ],
  SUPPLY_UNBALANCED: [["tokens that nobody has", onChain(() => ({ supply: 1_001n }))]],
  TILL_SHORT: [
    [
      "a till that was robbed",
      onChain(({ balances }) => ({ balances: new Map([...balances, [TILL, 349n]]) })),
    ],
  ],
  ACCOUNTS_UNBALANCED: [
    ["money out of nothing", inAccount(SELLER, { free: 2n })],
    [
      "a deposit that never arrived",
      onChain(({ deposits }) => ({ deposits: [...deposits, { account: BUYER, amount: 5n }] })),
    ],
  ],
  LOCKS_DIFFER: [
    ["a lock of no deal", inAccount(BUYER, { free: 127n, locked: 12n })],
    [
      "a bond that was not locked",
      onChain(({ bonds }) => ({ bonds: bonds.map((bond) => ({ ...bond, amount: 101n })) })),
    ],
  ],
  STAKES_UNBACKED: [
    [
      "a stake without a bond",
      onChain(({ seats }) => ({ seats: seats.map((seat) => ({ ...seat, stake: 101n })) })),
    ],
  ],
  EARNINGS_UNCOVERED: [
    [
      "more earned than there is",
      onChain(({ seats }) => ({ seats: seats.map((seat) => ({ ...seat, earned: 10n })) })),
    ],
  ],
  DEAL_UNKNOWN: [
    [
      "an event of a deal that the Clerk does not know",
      inDeal({ state: { openUnits: 1, requestFilled: 2, commitment: "0x" } }),
    ],
    ["other parameters", inDeal({ params: "0x00" })],
  ],
  REQUEST_OVERFILLED: [
    [
      "a count that is not what was sealed",
      onChain(({ deals }) => ({
        deals: deals.map((deal) => ({ ...deal, state: { ...deal.state, requestFilled: 3 } })),
      })),
    ],
    ["a deal twice", onChain(({ deals }) => ({ deals: [...deals, ...deals] }))],
  ],
  UNITS_DIFFER: [
    [
      "a unit settled twice",
      onChain(({ settlements }) => ({ settlements: [...settlements, ...settlements] })),
    ],
    [
      "a unit that vanished",
      onChain(({ deals }) => ({
        deals: deals.map((deal) => ({ ...deal, state: { ...deal.state, openUnits: 0 } })),
      })),
    ],
  ],
  UNIT_UNJUDGED: [
    ["a unit settled without a verdict", onChain(() => ({ verdicts: [] }))],
    [
      "a verdict without a unit",
      onChain(({ verdicts }) => ({
        verdicts: [...verdicts, { taskId: OPEN_TASK, type: "failed", rewards: 0n, ...ended }],
      })),
    ],
    [
      "a verdict on no task",
      onChain(({ verdicts }) => ({
        verdicts: [...verdicts, { taskId: other, type: "failed", rewards: 0n, ...ended }],
      })),
    ],
  ],
  TASK_TWICE: [
    [
      "two verdicts",
      onChain(({ verdicts }) => ({
        verdicts: [...verdicts, { taskId: SETTLED_TASK, type: "claimed", rewards: 0n, ...ended }],
      })),
    ],
  ],
  TASK_STATUS_DIFFERS: [
    [
      "a record that no event tells of",
      onChain(({ statuses }) => ({ statuses: new Map([...statuses, [OPEN_TASK, 2]]) })),
    ],
  ],
  SEIZED_DIFFERS: [
    [
      "a loss that was not seized",
      onChain(() => ({
        losses: [
          {
            taskId: SETTLED_TASK,
            amount: 5n,
            toWinners: false,
            block: 25n,
            txHash: numberToHex(0x25, { size: 32 }),
          },
        ],
      })),
    ],
  ],
  REWARDS_EXCEED: [
    [
      "a reward above the price",
      onChain(({ verdicts }) => ({ verdicts: verdicts.map((verdict) => ({ ...verdict, rewards: 11n })) })),
    ],
  ],
  TASK_OVERDUE: [["a task that nobody claims", onChain(() => ({ head: { ...HEAD, number: 200n } }))]],
  CURSOR_OFF_CHAIN: [
    [
      "a broker on another branch",
      inBroker(({ cursor }) => ({ cursor: { ...cursor, own: { number: 30n, hash: other } } })),
    ],
    ["a pool beyond the chain", inPool(({ cursor }) => ({ cursor: { ...cursor, onChain: undefined } }))],
  ],
  ORDER_LOST: [["an order that was acknowledged", (market) => ({ ...market, acknowledged: [other] })]],
  ORDER_UNREADABLE: [["a damaged row", inBroker(() => ({ unreadable: [other] }))]],
  ORDER_ALTERED: [["another content", inRequest({ contentHash: other })]],
  ORDER_STATUS_DIFFERS: [
    ["cancelled by nobody", inRequest({ status: "cancelled" })],
    ["open though it is filled", inRequest({ status: "open" })],
    ["expired before its time", inRequest({ status: "expired", volume: 5 })],
    ["open after its time", inRequest({ status: "open", volume: 5, validUntil: 2_000n })],
    [
      "open in an old epoch",
      (market) =>
        onChain(() => ({ epochs: [{ account: BUYER, epoch: 1n, block: 21n, txHash: other }] }))(
          inRequest({ status: "open", volume: 5 })(market) as SoundMarket,
        ),
    ],
  ],
  ORDER_FILL_DIFFERS: [
    ["a fill that the Clerk does not count", inRequest({ filled: 3, volume: 5, status: "open" })],
    ["more than was ever filled", inRequest({ filled: 3 })],
  ],
  ORDER_OVERFILLED: [["sealed beyond its volume", inRequest({ volume: 1, filled: 1 })]],
  BROKER_DEAL_MISSING: [["a deal that is not there", inBroker(() => ({ deals: [] }))]],
  BROKER_DEAL_INVENTED: [
    [
      "a deal of no event",
      inBroker(({ deals }) => ({ deals: [...deals, ...deals.map((deal) => ({ ...deal, id: other }))] })),
    ],
  ],
  BROKER_DEAL_DIFFERS: [
    [
      "other open units",
      inBroker(({ deals }) => ({ deals: deals.map((deal) => ({ ...deal, openUnits: 2 })) })),
    ],
    [
      "another block",
      inBroker(({ deals }) => ({ deals: deals.map((deal) => ({ ...deal, blockHash: other })) })),
    ],
    [
      "another content",
      inBroker(({ deals }) => ({
        deals: deals.map((deal) => ({ ...deal, content: { ...deal.content, poolPrice: "11" } })),
      })),
    ],
  ],
  ATTEMPT_OPEN: [
    [
      "an attempt without an end",
      inBroker(({ attempts }) => ({
        attempts: attempts.map((attempt) => ({ ...attempt, status: "pending" })),
      })),
    ],
  ],
  ATTEMPT_TWICE: [
    [
      "one transaction for two",
      inBroker(({ attempts }) => ({
        attempts: [...attempts, ...attempts.map((attempt) => ({ ...attempt, id: 2n }))],
      })),
    ],
  ],
  ATTEMPT_OUTCOME_DIFFERS: [
    [
      "deals of other requests",
      inBroker(({ attempts }) => ({
        attempts: attempts.map((attempt) => ({ ...attempt, requests: [other] })),
      })),
    ],
  ],
  POOL_DEAL_MISSING: [["a deal that is not there", inPool(() => ({ deals: [] }))]],
  POOL_DEAL_INVENTED: [
    [
      "a deal of no event",
      inPool(({ deals }) => ({ deals: [...deals, ...deals.map((deal) => ({ ...deal, id: other }))] })),
    ],
  ],
  POOL_DEAL_DIFFERS: [
    [
      "another content",
      inPool(({ deals }) => ({ deals: deals.map(({ id, deal }) => ({ id, deal: { ...deal, trust: 6 } })) })),
    ],
  ],
  POOL_TASK_MISSING: [
    ["a task that is not there", inPool(({ tasks }) => ({ tasks: tasks.slice(1) }))],
    [
      "a task of no deal",
      inPool(({ tasks }) => ({ tasks: [...tasks, { id: other, dealId: DEAL, status: "open" }] })),
    ],
  ],
  POOL_TASK_STATUS_DIFFERS: [
    [
      "settled by nobody",
      inPool(({ tasks }) => ({ tasks: tasks.map((task) => ({ ...task, status: "certified" })) })),
    ],
    [
      "open though it is settled",
      inPool(({ tasks }) => ({ tasks: tasks.map((task) => ({ ...task, status: "open" })) })),
    ],
  ],
  POOL_SEAL_MISSING: [["an answer forgotten", inPool(() => ({ committed: [] }))]],
  POOL_SEAL_INVENTED: [
    [
      "an answer of nobody",
      inPool(({ committed }) => ({ committed: committed.map((each) => ({ ...each, seal: other })) })),
    ],
  ],
};

describe("auditMarket", () => {
  test.each(Object.keys(FINDING_CODES) as FindingCode[])("finds %s", (code) => {
    for (const [what, plant] of PLANTED[code]) {
      const found = auditMarket(plant(soundMarket()), AT_REST).map((finding) => finding.code);
      expect(found, what).toContain(code);
    }
  });

  test("finds nothing where nothing is wrong", () => {
    expect(auditMarket(soundMarket(), AT_REST)).toEqual([]);
    expect(auditMarket({ chain: soundMarket().chain, now: 0 }, AT_REST)).toEqual([]);
  });

  test("lets a working market finish what is under way, and no more", () => {
    const [pending, overdue] = [PLANTED.ATTEMPT_OPEN[0]?.[1], PLANTED.TASK_OVERDUE[0]?.[1]];
    const young = { ...pending?.(soundMarket()), now: 10_000 } as MarketFacts;
    expect(auditMarket(young, WORKING)).toEqual([]);
    expect(auditMarket({ ...young, now: 3_000_000 }, WORKING).map(({ code }) => code)).toEqual([
      "ATTEMPT_OPEN",
    ]);
    const late = overdue?.(soundMarket()) as MarketFacts;
    expect(auditMarket(late, WORKING).map(({ code }) => code)).toEqual(["TASK_OVERDUE"]);
    const soon = { ...late, chain: { ...late.chain, head: { ...HEAD, number: 95n } } };
    expect(auditMarket(soon, WORKING)).toEqual([]);
  });

  test("lets the pool of a working market look at an answer that was just committed, and no longer", () => {
    const forgetful = PLANTED.POOL_SEAL_MISSING[0]?.[1](soundMarket()) as MarketFacts;
    const { seals } = forgetful.chain;
    const committedIn = (block: bigint) => ({
      ...forgetful,
      chain: { ...forgetful.chain, seals: seals.map((each) => ({ ...each, block })) },
    });
    const { number } = HEAD;
    expect(auditMarket(committedIn(number), WORKING)).toEqual([]);
    expect(auditMarket(committedIn(number - WORKING.blocks), WORKING).map(({ code }) => code)).toEqual([
      "POOL_SEAL_MISSING",
    ]);
  });

  test("tells what is found again from what was on its way", () => {
    const [own, other] = [
      { code: "LOCKS_DIFFER", what: BUYER, expected: "1", found: "2" },
      { code: "LOCKS_DIFFER", what: SELLER, expected: "1", found: "2" },
    ] as const;
    const later = { ...own, found: "3" };
    expect(foundAgain([own], [later, other])).toEqual([later]);
    expect(foundAgain([], [own])).toEqual([]);
  });

  test("does not judge what a database has not come to", () => {
    const market = soundMarket();
    const behind = { own: { number: 10n, hash: other }, onChain: { hash: other, timestamp: 1_000n } };
    const facts = {
      ...market,
      broker: { ...market.broker, cursor: behind, deals: [], orders: [], attempts: [] },
      pools: market.pools.map((pool) => ({ ...pool, cursor: behind, deals: [], tasks: [], committed: [] })),
      acknowledged: [],
    };
    expect(auditMarket(facts, AT_REST)).toEqual([]);
  });

  test("names whose fault it is, and what was expected", () => {
    const facts = PLANTED.EARNINGS_UNCOVERED[0]?.[1](soundMarket()) as MarketFacts;
    expect(auditMarket(facts, AT_REST)).toEqual([
      { code: "EARNINGS_UNCOVERED", what: POCO, expected: "at least 10", found: "9" },
    ]);
  });
});
