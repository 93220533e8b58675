import { describe, expect, it } from "vitest";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { PoolClient } from "#src/client/pool-client.ts";
import type { PoolInfo } from "#src/client/pool-schema.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { createWorker } from "#src/worker/worker.ts";
import { silent } from "../store/test-database.ts";
import { account, POCO, POOL } from "./worker-fixture.ts";

// What a worker does once it has started is told by the tests of its parts, and by test/e2e/one-task.test.ts.

const right: PoolInfo = {
  ...{ pool: assetIdToHex(POOL), chainId: 31_337, poco: POCO, contentUrl: "http://127.0.0.1:1" },
  terms: { seatStake: "1", schedulerShare: 0, closed: false },
};

describe("a worker refuses a scheduler", () => {
  it.each([
    ["of another pool", { pool: assetIdToHex(POOL + 1n) }],
    ["of another chain", { chainId: 1 }],
    ["of another certifier", { poco: account.address }],
  ])("%s", async (_what, change) => {
    const worker = createWorker(
      {
        chain: { chainId: 31_337 } as ChainClient,
        deployment: { contracts: { poco: POCO } } as unknown as Deployment,
        account,
        sender: { address: account.address, send: () => Promise.reject(new Error("nothing may be sent")) },
        runner: () => Promise.reject(new Error("nothing may run")),
        logger: silent,
        metrics: createMetrics({ service: "worker", processMetrics: false }),
        poolClient: { pool: async () => ({ ...right, ...change }) } as unknown as PoolClient,
      },
      {
        poolUrl: "http://127.0.0.1:1",
        pool: POOL,
        stateDir: "/nowhere",
        limits: { memoryBytes: 1, timeMs: 1, outputBytes: 1 },
      },
    );
    await expect(worker.start()).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
    await worker.stop();
  });
});
