import { describe, expect, it } from "vitest";
import { enrol } from "#src/worker/enrolment.ts";
import { silent } from "../store/test-database.ts";
import { createFakeChain, POOL } from "./worker-fixture.ts";

function given(change: Partial<ReturnType<typeof createFakeChain>["state"]> = {}) {
  const fake = createFakeChain();
  Object.assign(fake.state, change);
  return { state: fake.state, enrol: () => enrol({ chain: fake.chain, logger: silent }, POOL) };
}

describe("a worker", () => {
  it("cannot sit in a pool that is not open", async () => {
    const { enrol } = given({
      pool: { opened: false, terms: { seatStake: 100n, schedulerShare: 0, closed: false } },
    });
    await expect(enrol()).rejects.toMatchObject({ code: "HANSE_POOL_NOT_OPEN" });
  });

  it("is told what is missing, and sends nothing", async () => {
    const { enrol, state } = given({ funds: { free: 99n, allowance: 0n, bonded: 0n } });
    await expect(enrol()).rejects.toMatchObject({
      code: "HANSE_SEAT_UNFUNDED",
      details: { seatStakeNano: 100n, freeNano: 99n },
    });
    expect(state.sent).toEqual([]);
  });

  it("has no seat in a closed pool", async () => {
    const { enrol, state } = given({
      pool: { opened: true, terms: { seatStake: 0n, schedulerShare: 0, closed: true } },
    });
    expect(await enrol()).toBeUndefined();
    expect(state.sent).toEqual([]);
  });

  it("keeps the seat it has", async () => {
    const { enrol, state } = given({ ownSeat: 7 });
    expect(await enrol()).toBe(7);
    expect(state.sent).toEqual([]);
  });

  it("allows what it holds elsewhere and this seat, then sits down", async () => {
    const { enrol, state } = given({ funds: { free: 100n, allowance: 50n, bonded: 50n } });
    expect(await enrol()).toBe(0);
    expect(state.sent).toEqual(["allow 150", "enrol"]);
  });

  it("allows nothing where enough is allowed", async () => {
    const { enrol, state } = given({ funds: { free: 100n, allowance: 100n, bonded: 0n } });
    await enrol();
    expect(state.sent).toEqual(["enrol"]);
  });
});
