import { rm } from "node:fs/promises";
import type { Hex } from "viem";
import { type Stack, startStack } from "#src/bin/stack.ts";
import { anyPorts } from "#src/bin/stack-ports.ts";
import { createTaskWatcher } from "#src/chain/task-watcher.ts";
import { createSalts } from "#src/client/salts.ts";
import { publishOrder } from "#src/client/sign-order.ts";
import { accountOf, type Role } from "#src/demo/cast.ts";
import { requestOrder, sellOrders } from "#src/demo/orders.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { taskId, taskIndices } from "#src/protocol/deals.ts";
import type { Order } from "#src/protocol/orders.ts";

/** Of the development chain: the one whose tasks have the time that a busy machine needs. */
const LONG_TASKS = 1;
const TRUST = 3;
const DAYS = ["2010-12-01", "2010-12-02"];
const PATIENCE_MS = 600_000;

/** A whole market of processes, and how to have it work. */
export interface OpenMarket {
  readonly services: readonly Service[];
  /** Buys tasks of trust 3, all in one request, and waits until every one is certified. */
  buy(tasks: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Service {
  readonly name: string;
  readonly url: string;
}

/** @param stateDir emptied before, and removed in the end */
export async function openMarket(stateDir: string): Promise<OpenMarket> {
  await rm(stateDir, { recursive: true, force: true });
  const ports = await anyPorts();
  const stack = await startStack(
    {
      logger: createLogger({ service: "measure", level: "error" }),
      progress: (text) => void process.stderr.write(`${text}\n`),
    },
    { stateDir, ports, blockTime: 0.5, withLiar: false, signal: new AbortController().signal },
  );
  const nextSalt = createSalts();
  const stop = async () => {
    await stack.stop();
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    const { timestamp } = await stack.chain.viem.getBlock();
    for (const { order, role } of sellOrders(stack.market, stack.deployment, timestamp, nextSalt())) {
      await publish(stack, role, inLongCategory(order));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const at = (port: number) => `http://127.0.0.1:${port}`;
  return {
    services: [
      { name: "broker", url: at(ports.broker) },
      { name: "pool", url: at(ports.pool) },
      { name: "content", url: at(ports.content) },
      { name: "results", url: at(ports.results) },
      ...ports.workers.map((port, index) => ({ name: `worker-${index + 1}`, url: at(port) })),
    ],
    buy: (tasks) => buy(stack, tasks, nextSalt()),
    stop,
  };
}

function inLongCategory(order: Order): Order {
  return order.type === "pool" ? { ...order, order: { ...order.order, category: LONG_TASKS } } : order;
}

async function publish({ broker, chain, deployment }: Stack, role: Role, order: Order): Promise<Hex> {
  const { clerk } = deployment.contracts;
  return (await publishOrder(broker, accountOf(role), order, { chainId: chain.chainId, clerk })).hash;
}

async function buy(stack: Stack, tasks: number, salt: Hex): Promise<void> {
  const { chain, deployment, market } = stack;
  const { timestamp } = await chain.viem.getBlock();
  const { order } = requestOrder(
    { days: DAYS, trust: TRUST, number: 1 },
    market,
    deployment,
    timestamp,
    salt,
  );
  const conditions = { ...order.conditions, volume: tasks };
  const hash = await publish(stack, "requester", {
    type: "request",
    order: { ...order, category: LONG_TASKS, conditions },
  });
  const watcher = createTaskWatcher({ chain, deployment });
  const done = async () => {
    const deals = await watcher.dealsOf(hash);
    const ids = deals.flatMap(({ deal }) => taskIndices(deal).map((index) => taskId(deal, index)));
    await Promise.all(ids.map((id) => watcher.waitFor(`certifying ${id}`, certified(id), PATIENCE_MS)));
    return ids.length === tasks ? true : undefined;
  };
  const certified = (id: Hex) => async () => {
    const end = await watcher.endOf(id);
    if (end !== undefined && end.type !== "certified") throw new Error(`task ${id} ended as ${end.type}`);
    return end;
  };
  await Promise.race([watcher.waitFor("sealing all tasks", done, PATIENCE_MS), stack.failed]);
}

/** One number of those a service tells of its process. */
export async function readMetric(service: Service, name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `));
  const value = Number(line?.split(" ").at(-1));
  if (!Number.isFinite(value)) throw new Error(`${service.name} has no metric ${name}`);
  return value;
}
