import { type ShopSetup, startTestShop, type TestShop } from "./test-shops.ts";

/** A shop that can be made to die at one of the moments between its steps, and started again. */
export interface MortalShop {
  /** The life that runs. */
  readonly shop: TestShop;
  /**
   * Has it die at a moment: counted are those before and after each transaction, and before and after each request to another shop.
   * @returns resolves with whether it died, once it did or `mayEnd` is over
   */
  dieAt(moment: number, mayEnd: Promise<unknown>): Promise<boolean>;
  /** A new life with the same database, key and address. */
  rise(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMortalShop(setup: Omit<ShopSetup, "between">): Promise<MortalShop> {
  let doom: { left: number; readonly died: PromiseWithResolvers<boolean> } | undefined;
  let shop = await live(setup);
  return {
    get shop() {
      return shop;
    },
    async dieAt(moment, mayEnd) {
      const died = Promise.withResolvers<boolean>();
      doom = { left: moment, died };
      const dead = await Promise.race([died.promise, mayEnd.then(() => false)]);
      if (!dead) doom = undefined;
      return dead;
    },
    async rise() {
      const { key, endpoint } = shop;
      await shop.kill();
      shop = await live({ ...setup, key, port: Number(new URL(endpoint).port) });
    },
    stop: () => shop.stop(),
  };

  async function live(of: ShopSetup): Promise<TestShop> {
    let dead = false;
    /** The dead do nothing more: what is under way in them is never over. */
    const pass = async () => {
      if (!dead && doom !== undefined && doom.left-- === 0) {
        dead = true;
        doom.died.resolve(true);
        doom = undefined;
      }
      if (dead) await new Promise(() => undefined);
    };
    return await startTestShop({
      ...of,
      between: {
        database: (database) => ({
          ...database,
          async transaction(work, options) {
            await pass();
            const value = await database.transaction(work, options);
            await pass();
            return value;
          },
        }),
        fetch: (fetch) => async (url, init) => {
          await pass();
          const response = await fetch(url, init);
          await pass();
          return response;
        },
      },
    });
  }
}
