import { sql } from "kysely";
import { type Address, getAddress, type Hex, zeroHash } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { orderOfPlaces } from "#src/protocol/order-places.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import type { Database } from "#src/store/database.ts";
import type { AttemptFact, BrokerDealFact, BrokerFacts, OrderFact, Place } from "./facts.ts";
import { inBatches } from "./in-batches.ts";
import { readCursor } from "./read-chain.ts";

// The tables as this program reads them; what the columns mean is said in `src/broker/broker-tables.ts`.

interface OrderRow {
  readonly hash: Hex;
  readonly type: OrderType;
  readonly signer: Address;
  readonly status: string;
  readonly volume: bigint;
  readonly filled: bigint;
  readonly removed: boolean;
  readonly changed_at_block: bigint | null;
  readonly content: unknown;
  readonly signature: Hex;
}

interface DealRow {
  readonly id: Hex;
  readonly request_hash: Hex;
  readonly app_hash: Hex;
  readonly dataset_hash: Hex | null;
  readonly pool_hash: Hex;
  readonly volume: bigint;
  readonly open_units: bigint;
  readonly params: Hex;
  readonly content: Readonly<Record<string, unknown>>;
  readonly block: bigint;
  readonly block_hash: Hex;
  readonly tx_hash: Hex;
}

interface AttemptRow {
  readonly id: bigint;
  readonly status: string;
  readonly tx_hash: Hex | null;
  readonly outcome: { readonly sealed?: number } | null;
  readonly matches: readonly { readonly request: Hex }[];
  readonly begun_at: Date;
}

/**
 * What a broker's database says, as of one moment, and what the chain counts for its orders there.
 * @returns undefined where the database holds no broker
 */
export async function readBrokerFacts({
  database,
  chain,
  clerk,
}: {
  readonly database: Database<unknown>;
  readonly chain: ChainClient;
  readonly clerk: Address;
}): Promise<BrokerFacts | undefined> {
  const rows = await database.transaction(
    async (trx) => {
      const { rows: found } = await sql<{
        there: boolean;
      }>`select to_regclass('broker.orders') is not null as there`.execute(trx);
      if (found[0]?.there !== true) return undefined;
      return {
        blocks: (
          await sql<Place>`select number, hash from broker.blocks order by number desc limit 1`.execute(trx)
        ).rows,
        orders: (await sql<OrderRow>`select * from broker.orders order by sequence`.execute(trx)).rows,
        deals: (await sql<DealRow>`select * from broker.deals order by sequence`.execute(trx)).rows,
        attempts: (await sql<AttemptRow>`select * from broker.seal_attempts order by id`.execute(trx)).rows,
      };
    },
    { isolation: "repeatable read" },
  );
  if (rows === undefined) return undefined;
  const [newest] = rows.blocks;
  const cursor = newest === undefined ? undefined : await readCursor(chain, newest);
  const at = cursor?.own.hash === cursor?.onChain?.hash ? newest?.number : undefined;
  const readable = rows.orders.filter(isReadable);
  return {
    cursor,
    orders: await inBatches(readable, (row) => orderFact(row, { chain, clerk, at })),
    unreadable: rows.orders.filter((row) => !isReadable(row)).map(({ hash }) => hash),
    deals: rows.deals.map(dealFact),
    attempts: rows.attempts.map(attemptFact),
  };
}

function isReadable({ content, signature }: OrderRow): boolean {
  try {
    orderOfPlaces(content, signature);
    return true;
  } catch {
    return false;
  }
}

async function orderFact(
  row: OrderRow,
  {
    chain,
    clerk,
    at,
  }: { readonly chain: ChainClient; readonly clerk: Address; readonly at: bigint | undefined },
): Promise<OrderFact> {
  const { hash, type, status, removed } = row;
  const signed = orderOfPlaces(row.content, row.signature);
  const { validUntil, epoch, salt } = signed.order.conditions;
  const filledOnChain =
    at === undefined
      ? 0
      : await chain.viem
          .readContract({
            ...{ address: clerk, abi: clerkAbi, functionName: "filled", blockNumber: at },
            args: [LEGS.indexOf(type), row.signer, salt],
          })
          .catch((error: unknown) => {
            throw asChainError(error, "reading what is filled");
          });
  return {
    ...{ hash, type, status, removed, validUntil, epoch, filledOnChain },
    contentHash: orderHash(signed),
    signer: getAddress(row.signer),
    volume: Number(row.volume),
    filled: Number(row.filled),
    ahead: at !== undefined && (row.changed_at_block ?? 0n) > at,
  };
}

function dealFact(row: DealRow): BrokerDealFact {
  return {
    ...{
      id: row.id,
      block: row.block,
      blockHash: row.block_hash,
      txHash: row.tx_hash,
      requestHash: row.request_hash,
    },
    orders: { app: row.app_hash, dataset: row.dataset_hash ?? zeroHash, pool: row.pool_hash },
    volume: Number(row.volume),
    openUnits: Number(row.open_units),
    ...{ params: row.params, content: row.content },
  };
}

function attemptFact({ id, status, tx_hash, outcome, matches, begun_at }: AttemptRow): AttemptFact {
  const requests = matches.map(({ request }) => request);
  return { id, status, txHash: tx_hash ?? undefined, sealed: outcome?.sealed, requests, begunAt: begun_at };
}
