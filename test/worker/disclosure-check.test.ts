import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Result } from "#src/protocol/contributions.ts";
import { checkDisclosure, checkRevelation } from "#src/worker/disclosure-check.ts";
import {
  account,
  committedSeal,
  createFakeChain,
  rightResult,
  sealedDeal,
  taskOf,
  wrongResult,
} from "./worker-fixture.ts";

// A worker discloses its digest only when its own seal is on the chain and its round has closed there;
// it reveals the result only when no round is open and the seals on the chain make it sure enough.

const { deal } = sealedDeal();
const { taskId, index } = taskOf(sealedDeal());
const answer = (result: Result = rightResult) => ({ taskId, deal, index, worker: account.address, result });

/** Seats answer in round 1 as told; the last block of the round is 121. */
function given(results: readonly (Result | undefined)[], head = 122n) {
  const fake = createFakeChain();
  fake.state.seals = results.flatMap((result, seat) => (result ? [committedSeal(taskId, seat, result)] : []));
  fake.state.task = { ...fake.state.task, round: 1, seedBlock: 101n, committed: fake.state.seals.length };
  fake.state.head = head;
  return fake;
}

describe("a digest", () => {
  it("is not told while the round is open", async () => {
    const { chain } = given([rightResult], 121n);
    await expect(checkDisclosure(chain, answer())).rejects.toMatchObject({
      code: "HANSE_ROUND_OPEN",
      retryable: true,
    });
  });

  it("is not told without an own seal, or for another answer", async () => {
    const refused = { code: "HANSE_CONTRIBUTION_INVALID" };
    await expect(checkDisclosure(given([undefined, rightResult]).chain, answer())).rejects.toMatchObject(
      refused,
    );
    await expect(checkDisclosure(given([rightResult]).chain, answer(wrongResult))).rejects.toMatchObject(
      refused,
    );
  });

  it("is told when the window is over, or every place has committed", async () => {
    await expect(checkDisclosure(given([rightResult]).chain, answer())).resolves.toBe(1);
    const { chain, state } = given([rightResult, rightResult, rightResult], 105n);
    state.task = { ...state.task, completedAt: 105n };
    await expect(checkDisclosure(chain, answer())).resolves.toBe(1);
  });

  it("of an earlier round is told while a later one is open", async () => {
    const { chain, state } = given([rightResult, wrongResult]);
    state.task = { ...state.task, round: 2, seedBlock: 133n };
    state.head = 134n;
    await expect(checkDisclosure(chain, answer())).resolves.toBe(1);
  });

  it("is not told of a settled task", async () => {
    const { chain, state } = given([rightResult]);
    state.task = { ...state.task, status: 1 };
    await expect(checkDisclosure(chain, answer())).rejects.toMatchObject({ code: "HANSE_ROUND_CLOSED" });
  });
});

describe("a result", () => {
  it("is not revealed while any round is open, however sure", async () => {
    const { chain, state } = given([rightResult, rightResult, rightResult], 110n);
    await expect(checkRevelation(chain, answer())).rejects.toMatchObject({ code: "HANSE_ROUND_OPEN" });
    state.task = { ...state.task, round: 2, seedBlock: 133n };
    state.head = 134n;
    await expect(checkRevelation(chain, answer())).rejects.toMatchObject({ code: "HANSE_ROUND_OPEN" });
  });

  it("is not revealed when it is not sure enough, whatever the scheduler says", async () => {
    const { chain } = given([rightResult, rightResult, wrongResult]);
    await expect(checkRevelation(chain, answer())).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
  });

  it("is not revealed when fewer than 2/3 of the places stand behind it", async () => {
    const { chain, state } = given([rightResult, rightResult, rightResult]);
    state.draw = [0, 1, 2, 3, 4];
    for (const seat of [0, 1, 2]) state.scores.set(seat, 60);
    await expect(checkRevelation(chain, answer())).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
    state.draw = [0, 1, 2, 3];
    await expect(checkRevelation(chain, answer())).resolves.toBeUndefined();
  });

  it("is revealed when three fresh workers agree at trust 5", async () => {
    const { chain } = given([rightResult, rightResult, rightResult]);
    await expect(checkRevelation(chain, answer())).resolves.toBeUndefined();
  });

  it("is never revealed against a majority", async () => {
    const votes = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(votes, async (agree) => {
        fc.pre(agree.filter(Boolean).length * 2 <= agree.length);
        const { chain, state } = given(agree.map((each) => (each ? rightResult : wrongResult)));
        state.draw = agree.map((_, seat) => seat);
        await expect(checkRevelation(chain, answer())).rejects.toMatchObject({ code: "HANSE_TASK_REFUSED" });
      }),
    );
  });
});
