import { type Address, getAddress, type Hex, type Log, zeroAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { unpackCommitted, unpackReward } from "#src/protocol/contributions.ts";
import { taskId, taskIndices } from "#src/protocol/deals.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import type { ChainFacts, CursorFact, DealFact, Place } from "./facts.ts";
import { inBatches } from "./in-batches.ts";

/** Blocks asked for in one request: nodes refuse very long ranges. */
const RANGE = 5_000n;

/**
 * Everything that the chain tells of a market, as of its newest block.
 * @throws HANSE_RPC_UNAVAILABLE, HANSE_RPC_REFUSED where a node does not keep the state of that block any more
 */
export async function readChainFacts(chain: ChainClient, deployment: Deployment): Promise<ChainFacts> {
  try {
    return await read(chain, deployment);
  } catch (error) {
    throw asChainError(error, "auditing the chain");
  }
}

/** What the chain has where a database has come to. */
export async function readCursor(chain: ChainClient, own: Place): Promise<CursorFact> {
  const newest = await chain.viem.getBlockNumber();
  if (own.number > newest) return { own, onChain: undefined };
  const { hash, timestamp } = await chain.viem.getBlock({ blockNumber: own.number });
  return { own, onChain: { hash, timestamp } };
}

async function read(chain: ChainClient, { contracts, deployedAtBlock }: Deployment): Promise<ChainFacts> {
  const { token, clerk, poco, jury, till } = contracts;
  const { number, hash, timestamp } = await chain.viem.getBlock({ blockTag: "latest" });
  const logs = await readLogs(chain, [token, clerk, poco], deployedAtBlock, number);
  const of = (address: Address) => logs.filter((log) => getAddress(log.address) === address);
  const transfers = decodeEvents({ abi: tokenAbi, eventName: "Transfer", logs: of(token) }).map(
    ({ args }) => ({
      ...{ from: args.from, to: args.to, amount: args.value },
    }),
  );
  const told = clerkFacts(of(clerk));
  const judged = pocoFacts(of(poco));

  const at = { blockNumber: number } as const;
  const bank = { ...at, address: clerk, abi: clerkAbi } as const;
  const panel = { ...at, address: poco, abi: pocoAbi } as const;
  const coin = { ...at, address: token, abi: tokenAbi } as const;
  const { viem } = chain;
  const owners = new Set(
    transfers.flatMap(({ from, to }) => [from, to]).filter((each) => each !== zeroAddress),
  );
  const treasury = await viem.readContract({ ...panel, functionName: "TREASURY" });
  const named = new Set([...told.accounts, ...judged.workers, poco, jury, treasury]);
  const tasks = told.deals
    .filter(({ deal }) => deal.certifier === poco)
    .flatMap(({ deal }) => taskIndices(deal).map((index) => taskId(deal, index)));

  return {
    head: { number, hash, timestamp },
    contracts: { clerk, till, poco, token },
    transfers,
    balances: new Map(
      await inBatches([...owners], async (owner) => {
        return [owner, await viem.readContract({ ...coin, functionName: "balanceOf", args: [owner] })];
      }),
    ),
    supply: await viem.readContract({ ...coin, functionName: "totalSupply" }),
    ...{ deposits: told.deposits, withdrawals: told.withdrawals, epochs: told.epochs },
    accounts: new Map(
      await inBatches([...named], async (owner) => {
        return [owner, await viem.readContract({ ...bank, functionName: "account", args: [owner] })];
      }),
    ),
    bonds: await inBatches(told.bonds, async ({ account, certifier }) => {
      const { bonded } = await viem.readContract({
        ...{ ...bank, functionName: "bondOf", args: [account, certifier] },
      });
      return { account, certifier, amount: bonded };
    }),
    seats: await inBatches(judged.seats, async ({ pool, seat }) => {
      const { stake, earned } = await viem.readContract({
        ...{ ...panel, functionName: "seat", args: [pool, seat] },
      });
      return { pool: assetIdToHex(pool), number: seat, stake, earned };
    }),
    deals: await inBatches(told.deals, async (deal): Promise<DealFact> => {
      return {
        ...deal,
        state: await viem.readContract({ ...bank, functionName: "dealState", args: [deal.id] }),
      };
    }),
    settlements: told.settlements,
    ...{ verdicts: judged.verdicts, losses: judged.losses, seals: judged.seals },
    statuses: new Map(
      await inBatches(tasks, async (id) => {
        return [id, (await viem.readContract({ ...panel, functionName: "task", args: [id] })).status];
      }),
    ),
  };
}

async function readLogs(chain: ChainClient, address: Address[], from: bigint, to: bigint): Promise<Log[]> {
  const logs: Log[] = [];
  for (let fromBlock = from; fromBlock <= to; fromBlock += RANGE) {
    const end = fromBlock + RANGE - 1n;
    logs.push(...(await chain.viem.getLogs({ address, fromBlock, toBlock: end < to ? end : to })));
  }
  return logs;
}

type Mined = Log<bigint, number, false>;

function placeOf(log: Mined): { block: bigint; txHash: Hex } {
  return { block: log.blockNumber, txHash: log.transactionHash };
}

function clerkFacts(logs: readonly Log[]) {
  const accounts = new Set<Address>();
  const bonds = new Map<string, { account: Address; certifier: Address }>();
  const facts = {
    accounts,
    deposits: [] as { account: Address; amount: bigint }[],
    withdrawals: [] as { account: Address; amount: bigint }[],
    epochs: [] as { account: Address; epoch: bigint; block: bigint; txHash: Hex }[],
    deals: [] as Omit<DealFact, "state">[],
    settlements: [] as ChainFacts["settlements"][number][],
  };
  const name = (...named: Address[]) => {
    for (const each of named) if (each !== zeroAddress) accounts.add(each);
  };
  for (const log of decodeEvents({ abi: clerkAbi, logs: [...logs] as Mined[] })) {
    const at = placeOf(log);
    switch (log.eventName) {
      case "Deposited":
        name(log.args.account);
        facts.deposits.push(log.args);
        break;
      case "Withdrawn":
        name(log.args.account);
        facts.withdrawals.push(log.args);
        break;
      case "Paid":
        name(log.args.from, log.args.to);
        break;
      case "CertifierAllowed":
      case "Bonded": {
        const { account, certifier } = log.args;
        name(account, certifier);
        bonds.set(`${account} ${certifier}`, { account, certifier });
        break;
      }
      case "EpochRaised":
        facts.epochs.push({ ...log.args, ...at });
        break;
      case "DealSealed": {
        const { id, requestHash, orders, deal, params } = log.args;
        name(deal.payer, deal.poolOwner, deal.appOwner, deal.datasetOwner, deal.requester, deal.certifier);
        facts.deals.push({ id, requestHash, orders, deal, params, blockHash: log.blockHash, ...at });
        break;
      }
      case "UnitSettled":
        facts.settlements.push({
          dealId: log.args.id,
          openUnits: log.args.openUnits,
          seized: log.args.seized,
          ...at,
        });
        break;
      default:
    }
  }
  return { ...facts, bonds: [...bonds.values()] };
}

function pocoFacts(logs: readonly Log[]) {
  const workers = new Set<Address>();
  const seats = new Map<string, { pool: AssetId; seat: number }>();
  const facts = {
    workers,
    verdicts: [] as ChainFacts["verdicts"][number][],
    losses: [] as ChainFacts["losses"][number][],
    seals: [] as ChainFacts["seals"][number][],
  };
  const judge = (args: { taskId: Hex; rewards: readonly Hex[] }) => {
    const rewards = args.rewards.map(unpackReward);
    for (const { worker } of rewards) workers.add(worker);
    return { taskId: args.taskId, rewards: rewards.reduce((sum, { amountNano }) => sum + amountNano, 0n) };
  };
  for (const log of decodeEvents({ abi: pocoAbi, logs: [...logs] as Mined[] })) {
    const at = placeOf(log);
    switch (log.eventName) {
      case "SeatTaken": {
        const { pool, seat, worker } = log.args;
        workers.add(worker);
        seats.set(`${pool} ${seat}`, { pool, seat });
        break;
      }
      case "SealsCommitted":
        facts.seals.push({ taskId: log.args.taskId, seals: log.args.seals.map(unpackCommitted), ...at });
        break;
      case "WorkerSlashed":
        facts.losses.push({ taskId: log.args.taskId, amount: log.args.paid, toWinners: true, ...at });
        break;
      case "PlaceMissed":
        facts.losses.push({ taskId: log.args.taskId, amount: log.args.fine, toWinners: false, ...at });
        break;
      case "TaskCertified":
        facts.verdicts.push({ ...judge(log.args), type: "certified", ...at });
        break;
      case "TaskFailed":
        facts.verdicts.push({ ...judge(log.args), type: "failed", ...at });
        break;
      case "TaskClaimed":
        facts.verdicts.push({ taskId: log.args.taskId, type: "claimed", rewards: 0n, ...at });
        break;
      default:
    }
  }
  return { ...facts, seats: [...seats.values()] };
}
