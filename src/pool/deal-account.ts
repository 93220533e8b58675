import { sql } from "kysely";
import type { Hex } from "viem";
import type { Account, AccountQuery, DealAccount, PoolAccount } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { PoolDatabase } from "./pool-tables.ts";

/**
 * What deals bring to the pool's owner and cost it. Nothing is added up as it happens: each account is a sum over what
 * the chain said of each task, and so right again after a reorganisation as soon as the follower is.
 *
 * The owner's income from a settled task is all that the pool is paid (its price, or the fee of a certified failure) and
 * what wrong seats pay, without the workers' rewards: `cut + rest` in `Settlement.sol`. Its stake comes back whole, but
 * for what a claim slashes. What the owner is credited in other roles, of the app say, is none of the pool's.
 */
export interface DealAccounts {
  /** @throws HANSE_DEAL_UNKNOWN */
  deal(dealId: Hex): Promise<DealAccount>;
  /** The sum of all deals, and what happened day by day (UTC). */
  pool(query: AccountQuery): Promise<PoolAccount>;
}

/** Of settled tasks; summed up in whichever way. */
const MONEY = sql`
  coalesce(sum(price + spoils - rewards) filter (where outcome <> 'claimed'), 0)::int8 as income,
  coalesce(sum(rewards), 0)::int8 as rewards,
  coalesce(sum(price) filter (where outcome = 'failed'), 0)::int8 as failure_fees,
  coalesce(sum(spoils), 0)::int8 as spoils, coalesce(sum(fines), 0)::int8 as fines,
  coalesce(sum(slashed), 0)::int8 as slashed`;

const COSTS = sql`
  count(*) as transactions, coalesce(sum(gas), 0)::int8 as gas, coalesce(sum(wei), 0)::text as wei`;

export function createDealAccounts({ kysely }: PoolDatabase): DealAccounts {
  return {
    async deal(dealId) {
      const deal = await kysely
        .selectFrom("deals")
        .select(["order_hash", "pool_price"])
        .where("id", "=", dealId)
        .executeTakeFirst();
      if (deal === undefined) {
        throw new HanseError("HANSE_DEAL_UNKNOWN", `this pool has no deal ${dealId}`, {
          details: { dealId },
        });
      }
      const account = await accountOf(
        sql`deals.id = ${dealId}`,
        sql`task_id in (select id from tasks where deal_id = ${dealId})`,
      );
      return { dealId, order: deal.order_hash, poolPriceNano: deal.pool_price, ...account };
    },

    async pool({ from, to }) {
      const all = sql`true`;
      const [total, settled, spent] = await Promise.all([
        accountOf(all, all),
        sql<SettledDay>`
          select ${DAY} as day, count(*) as settled, ${MONEY} from settlements
          where ${within(from, to)} group by 1`.execute(kysely),
        sql<SpentDay>`
          select ${DAY} as day, ${COSTS} from spendings where ${within(from, to)} group by 1`.execute(kysely),
      ]);
      return { total, days: daysOf(settled.rows, spent.rows) };
    },
  };

  async function accountOf(deals: Condition, spendings: Condition): Promise<Account> {
    // One statement for what has to add up: a block may be stored between two.
    const { rows } = await sql<Totals>`
      with chosen as (
        select tasks.id, deals.pool_stake, settlements.* from deals join tasks on tasks.deal_id = deals.id
        left join settlements on settlements.task_id = tasks.id where ${deals})
      select count(*) filter (where outcome is null) as open,
        count(*) filter (where outcome = 'certified') as certified,
        count(*) filter (where outcome = 'failed') as failed,
        count(*) filter (where outcome = 'claimed') as claimed,
        coalesce(sum(pool_stake), 0)::int8 as locked,
        coalesce(sum(pool_stake) filter (where outcome is null), 0)::int8 as held, ${MONEY}
      from chosen`.execute(kysely);
    const costs = await sql<Costs>`select ${COSTS} from spendings where ${spendings}`.execute(kysely);
    const [money, cost] = [rows[0], costs.rows[0]];
    if (money === undefined || cost === undefined)
      throw new HanseError("HANSE_INTERNAL", "a sum without a row");
    return {
      tasks: {
        open: Number(money.open),
        certified: Number(money.certified),
        failed: Number(money.failed),
        claimed: Number(money.claimed),
      },
      incomeNano: money.income,
      rewardsNano: money.rewards,
      failureFeesNano: money.failure_fees,
      spoilsNano: money.spoils,
      finesNano: money.fines,
      stakeLockedNano: money.locked,
      stakeReturnedNano: money.locked - money.held - money.slashed,
      stakeSlashedNano: money.slashed,
      stakeHeldNano: money.held,
      profitNano: money.income - money.slashed,
      ...costsOf(cost),
    };
  }
}

type Condition = ReturnType<typeof sql>;

const DAY = sql`to_char(at at time zone 'utc', 'YYYY-MM-DD')`;

function within(from: string | undefined, to: string | undefined): Condition {
  const first = from === undefined ? sql`true` : sql`at >= ${new Date(`${from}T00:00:00Z`)}`;
  // A day is as long as it is: its end is the next one's beginning.
  const end = to === undefined ? undefined : new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000);
  return sql`${first} and ${end === undefined ? sql`true` : sql`at < ${end}`}`;
}

function daysOf(settled: readonly SettledDay[], spent: readonly SpentDay[]): PoolAccount["days"] {
  const days = [...new Set([...settled, ...spent].map(({ day }) => day))].sort();
  return days.map((day) => {
    const money = settled.find((row) => row.day === day);
    const cost = spent.find((row) => row.day === day);
    const [income, slashed] = [money?.income ?? 0n, money?.slashed ?? 0n];
    return {
      day,
      settled: Number(money?.settled ?? 0n),
      incomeNano: income,
      rewardsNano: money?.rewards ?? 0n,
      stakeSlashedNano: slashed,
      profitNano: income - slashed,
      ...costsOf(cost ?? { transactions: 0n, gas: 0n, wei: "0" }),
    };
  });
}

function costsOf({ transactions, gas, wei }: Costs) {
  return { transactions: Number(transactions), gas, costWei: BigInt(wei) };
}

interface Money {
  readonly income: bigint;
  readonly rewards: bigint;
  readonly failure_fees: bigint;
  readonly spoils: bigint;
  readonly fines: bigint;
  readonly slashed: bigint;
}

interface Costs {
  readonly transactions: bigint;
  readonly gas: bigint;
  readonly wei: string;
}

interface Totals extends Money {
  readonly open: bigint;
  readonly certified: bigint;
  readonly failed: bigint;
  readonly claimed: bigint;
  readonly locked: bigint;
  readonly held: bigint;
}

type SettledDay = Money & { readonly day: string; readonly settled: bigint };
type SpentDay = Costs & { readonly day: string };
