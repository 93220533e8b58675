import { describe, expect, it } from "vitest";
import { checkDeal, checkWanted } from "#src/worker/task-check.ts";
import { account, createFakeChain, POCO, POOL, sealedDeal, taskOf } from "./worker-fixture.ts";

// Given what the scheduler says, a worker refuses
// - a task of another deal, another pool, another certifier, an index outside the deal, other parameters
// - a task that is settled, whose round is not running or closed, whose seat was not drawn or is another's
// and waits while the draw is unknown

const identity = { worker: account.address, pool: POOL, poco: POCO } as const;
const refusal = (reason: string) =>
  expect.objectContaining({ code: "HANSE_TASK_REFUSED", shortMessage: expect.stringContaining(reason) });

describe("a deal", () => {
  const check = (sealed = sealedDeal(), task = taskOf(sealed)) => checkDeal(task, sealed, identity);

  it("that is as the scheduler says is taken", () => {
    expect(check()).toBeUndefined();
    const sealed = sealedDeal();
    expect(check(sealed, taskOf(sealed, { index: 5 }))).toBeUndefined();
  });

  it.each([
    [
      "the deal is another one",
      () => check({ ...sealedDeal(), id: `0x${"01".repeat(32)}` }, taskOf(sealedDeal())),
    ],
    ["the deal is another one", () => check(sealedDeal({ firstTask: 0 }), taskOf(sealedDeal()))],
    ["the deal is for another pool", () => check(sealedDeal({ pool: POOL + 1n }))],
    ["the deal has another certifier", () => check(sealedDeal({ certifier: account.address }))],
    ["the deal has no such task", () => check(sealedDeal(), taskOf(sealedDeal(), { index: 6 }))],
    ["the deal has no such task", () => check(sealedDeal(), taskOf(sealedDeal(), { index: 3 }))],
    [
      "the deal has no such task",
      () => check(sealedDeal(), taskOf(sealedDeal(), { taskId: `0x${"01".repeat(32)}` })),
    ],
    ["the parameters are not those of the deal", () => check({ ...sealedDeal(), params: "0x00" })],
  ])("is refused: %s", (reason, doing) => {
    expect(doing).toThrow(refusal(reason));
  });
});

describe("an answer", () => {
  type State = ReturnType<typeof createFakeChain>["state"];
  const given = ({
    task: running = {},
    ...change
  }: Partial<Omit<State, "task">> & { task?: object } = {}) => {
    const { chain, state } = createFakeChain();
    Object.assign(state, change, { task: { ...state.task, ...running } });
    return (task = {}, deal = {}) =>
      checkWanted(chain, taskOf(sealedDeal(deal), task), sealedDeal(deal), identity);
  };

  it("is wanted of who was drawn", async () => {
    await expect(given()()).resolves.toBeUndefined();
  });

  it("is wanted of the second round's place only in the second round", async () => {
    const second = given({ task: { round: 2, seedBlock: 130n }, head: 131n, draw: [5, 6, 7, 1, 2, 0] });
    await expect(second({ round: 2 })).resolves.toBeUndefined();
    await expect(second({ round: 1 })).rejects.toMatchObject({ code: "HANSE_ROUND_CLOSED" });
    const first = given({ draw: [5, 6, 7, 0] });
    await expect(first()).rejects.toEqual(refusal("the seat was not drawn"));
  });

  it("is not wanted for an undrawn seat, none, or another's", async () => {
    await expect(given()({ seat: 4 })).rejects.toEqual(refusal("the seat was not drawn"));
    await expect(given()({ seat: null })).rejects.toEqual(refusal("the seat was not drawn"));
    await expect(given()({ seat: 1 })).rejects.toEqual(refusal("the seat is another worker's"));
  });

  it("is not wanted once the round has closed or the task is settled", async () => {
    const closed = { code: "HANSE_ROUND_CLOSED" };
    await expect(given({ head: 122n })()).rejects.toMatchObject(closed);
    await expect(given({ task: { completedAt: 105n } })()).rejects.toMatchObject(closed);
    await expect(given({ task: { status: 1 } })({}, { trust: 1 })).rejects.toMatchObject(closed);
  });

  it("has to wait while the draw is unknown", async () => {
    await expect(given({ draw: undefined })()).rejects.toMatchObject({
      retryable: true,
    });
  });

  it("of trust 0 and 1 is wanted of whom the scheduler names", async () => {
    const anybody = given({ draw: undefined });
    await expect(anybody({ round: 0, seat: null }, { trust: 1 })).resolves.toBeUndefined();
  });
});
