import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placesAfter } from "#src/protocol/confidence.ts";
import { createShuffle } from "#src/protocol/draw.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { createMarket, refusalOf } from "../market-on-hardhat.ts";

type Market = Awaited<ReturnType<typeof createMarket>>;
type Hex = `0x${string}`;

describe("the draw", () => {
  let market: Market;
  beforeAll(async () => {
    market = await createMarket(12);
  });
  afterAll(() => market.connection.close());

  /** What the twin draws: the whole rule, with nothing asked of Poco. */
  async function predict(
    deal: { frozen: string; sealedAtBlock: bigint; trust: bigint },
    task: Hex,
    seed: Hex,
  ) {
    const { seats } = frozenTerms({ frozen: deal.frozen as Hex });
    const shuffle = createShuffle(seats);
    const drawn: number[] = [];
    while (drawn.length < placesAfter(Number(deal.trust), 1)) {
      const number = shuffle.draw(seed, task);
      if (number === undefined) break;
      const seat = await market.poco.seat(market.pool, number);
      const seated =
        seat.enrolledAt < deal.sealedAtBlock && (seat.leftAt === 0n || deal.sealedAtBlock <= seat.leftAt);
      if (seated) drawn.push(number);
    }
    return drawn;
  }

  it.each([2, 10, 60, 100])(
    "of a task at trust %i is what the twin predicts, seats left and taken included",
    async (trust) => {
      const leaver = market.workers[trust % market.workers.length];
      if (leaver !== undefined) {
        const [seated] = await market.poco.queryFilter(
          market.poco.filters.SeatTaken(undefined, undefined, leaver),
        );
        const seat = seated?.args.seat ?? 0n;
        const { leftAt } = await market.poco.seat(market.pool, seat);
        if (leftAt === 0n) await market.poco.connect(leaver).leave(market.pool, seat);
      }
      const { deal, task } = await market.sealTask(trust);
      expect(await refusalOf(() => market.poco.drawnSeats(deal, deal.firstTask, 1))).toContain(
        "PanelSeedUnknown",
      );
      await market.mine(2);
      const seed = await market.seeds.seedOf(deal.sealedAtBlock + 1n);
      const drawn = await market.poco.drawnSeats(deal, deal.firstTask, 1);
      expect(drawn.map(Number)).toEqual(await predict(deal, task, seed as Hex));
      expect(new Set(drawn).size).toBe(drawn.length);
    },
  );
});
