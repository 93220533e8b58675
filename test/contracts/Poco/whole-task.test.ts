import { ethers as lib, type Signer } from "ethers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CONTRIBUTION_TYPED_DATA,
  type Committed,
  packCommitted,
  pocoDomain,
  resultHash,
  roundDigest,
  sealOf,
  sealsChain,
} from "#src/protocol/contributions.ts";
import { createMarket, PRICE, refusalOf } from "../market-on-hardhat.ts";

type Market = Awaited<ReturnType<typeof createMarket>>;
type Hex = `0x${string}`;

const right = {
  outcome: 0,
  content: lib.id("right") as Hex,
  memoryHash: lib.id("memory") as Hex,
  callbackData: "0x" as Hex,
};
const wrong = { ...right, content: lib.id("wrong") as Hex };

describe("a whole task, hashed and signed by the protocol's own code", () => {
  let market: Market;
  beforeAll(async () => {
    market = await createMarket(9);
  });
  afterAll(() => market.connection.close());

  async function commitRound(sealed: Awaited<ReturnType<Market["sealTask"]>>, liars: number) {
    const { poco, workers } = market;
    const { deal, task } = sealed;
    await market.mine(2);
    const { chainId } = await market.ethers.provider.getNetwork();
    const domain = pocoDomain(Number(chainId), (await poco.getAddress()) as Hex);
    const byAddress = new Map<string, Signer>();
    for (const worker of workers) byAddress.set(await worker.getAddress(), worker);
    const seals: Committed[] = [];
    const contributions = [];
    for (const [place, seat] of (await poco.drawnSeats(deal, deal.firstTask, 1)).entries()) {
      const worker = (await poco.seat(market.pool, seat)).worker as Hex;
      const result = place < liars ? wrong : right;
      const seal = sealOf(worker, roundDigest(1, task, resultHash(result)));
      const message = { taskId: task, round: 1, seal };
      const signer = byAddress.get(worker);
      const types = { Contribution: [...CONTRIBUTION_TYPED_DATA.Contribution] };
      const signed = lib.Signature.from(await signer?.signTypedData(domain, types, message));
      contributions.push({ seat, seal, r: signed.r, vs: signed.yParityAndS });
      seals.push({ seat: Number(seat), round: 1, worker, seal });
    }
    await poco.commit(deal, deal.firstTask, contributions);
    return { task, seals };
  }

  it("is certified in two transactions after the seal, and pays everybody", async () => {
    const sealed = await market.sealTask(10);
    const { task, seals } = await commitRound(sealed, 0);
    expect((await market.poco.task(task)).seals).toBe(sealsChain(seals));
    const { deal } = sealed;
    await market.poco.finalize(deal, deal.firstTask, seals.map(packCommitted), right);
    expect((await market.poco.task(task)).status).toBe(1n);
    expect((await market.clerk.account(deal.appOwner)).free).toBe(PRICE.app);
    expect((await market.clerk.account(deal.datasetOwner)).free).toBe(PRICE.dataset);
    // 95 % of the pool's price, over four fresh workers.
    const earned = (PRICE.pool * 95n) / 400n;
    for (const { seat } of seals) expect((await market.poco.seat(market.pool, seat)).earned).toBe(earned);
    expect((await market.clerk.account(await market.poco.getAddress())).free).toBe(4n * earned);
    await market.poco.collect(
      market.pool,
      seals.map(({ seat }) => seat),
    );
    for (const { worker } of seals) {
      expect((await market.clerk.account(worker)).free).toBe(900n * 10n ** 9n + earned);
    }
  });

  it("is not certified while one of four disagrees, nor for a result nobody sealed", async () => {
    const sealed = await market.sealTask(10);
    const { seals } = await commitRound(sealed, 1);
    const { deal } = sealed;
    const packed = seals.map(packCommitted);
    for (const result of [right, wrong, { ...right, content: lib.id("made up") }]) {
      expect(
        await refusalOf(() => market.poco.finalize.staticCall(deal, deal.firstTask, packed, result)),
      ).toContain("PocoNotReached");
    }
    expect(
      await refusalOf(() => market.poco.finalize.staticCall(deal, deal.firstTask, packed.slice(1), right)),
    ).toContain("PanelSealsDiffer");
  });
});
