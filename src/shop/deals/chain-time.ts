import { sql } from "kysely";

/**
 * The moment before which nothing more is sealed, as the database knows it: the time of the last block that was dealt with. Where no
 * block came since, it is when the chain was last seen to end with that one, less what clocks may be apart; the chain's own clock is
 * taken to be as late as it was when that block came. Null where no block was dealt with.
 *
 * Some chains make a block only for a transaction: without this what nobody buys would be kept until somebody buys.
 */
export const chainTime = sql<Date | null>`(
  select greatest(
    to_timestamp(max(time)),
    (select at_head from chain_cursor)
      - (select case when seen_at is null then null else greatest(seen_at - to_timestamp(time), interval '0') end
         from chain_blocks order by number desc limit 1)
  ) from chain_blocks)`;
