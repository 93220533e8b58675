import type { Selectable } from "kysely";
import type { Address, Hex } from "viem";
import type { HubShop, ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import { verifyStatement } from "#src/identity/statement.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import { createKeptHubShops } from "./kept-hub-shops.ts";

/** Another shop, as the Hub has it. */
export interface Peer {
  readonly code: string;
  readonly owner: Address;
  readonly endpoint: string;
  /** One that is good now, and that its endpoint has proved. */
  readonly key: Hex;
}

/**
 * Who is in the federation, and which key speaks for whom. Hub services tell who is there to be asked for; what holds of a shop is
 * read in the Hub, and whatever differs is refused.
 */
export interface Peers {
  /**
   * A shop to be called: its endpoint has proved a key of it.
   * @throws HANSE_SHOP_UNKNOWN for a shop that no hub service lists, or that is none in the Hub; HANSE_SHOP_UNPROVED where the
   * Hub has it of another owner, or its endpoint does not prove its key; HANSE_PEER_*, HANSE_RPC_*
   */
  find(code: string): Promise<Peer>;
  /** @throws HANSE_SHOP_UNKNOWN for a shop that no hub service lists as a member, or as one that leaves */
  assertListed(code: string): Promise<void>;
  /** @throws HANSE_SHOP_UNKNOWN as `assertListed`; HANSE_SHOP_LEAVING for one that begins nothing new; HANSE_RPC_* */
  assertStays(code: string): Promise<void>;
  /**
   * Whether `key` is good for the shop's signatures now: the Hub has it, and it is proved by a statement that the shop's own
   * endpoint served. What was proved once for an owner and endpoint is remembered.
   * @throws HANSE_RPC_* where the chain was never asked
   */
  isKeyOf(code: string, key: Hex): Promise<boolean>;
  /**
   * What to seal to for a shop that is paid, whatever its standing is by now: the key that it has, or the last one that it proved.
   * @throws HANSE_SHOP_UNPROVED where it never proved any
   */
  sealingKeyOf(code: string): Promise<Hex>;
}

export interface PeersDeps {
  readonly database: ShopDatabase;
  readonly readHubShop: ReadHubShop;
  /** Fetches the statement of an endpoint, with a challenge to be repeated in it, signed with a key. */
  readonly fetchStatement: (endpoint: string, challenge: string, key: Hex) => Promise<string>;
  readonly newChallenge: () => string;
  readonly clock?: Clock;
}

export interface PeersOptions {
  readonly chainId: number;
  readonly hub: Address;
}

type Row = Selectable<ShopTables["peers"]>;

/** After a proof that failed, an endpoint is not asked again for so long. */
const DOUBT_MS = 5_000;

export function createPeers(deps: PeersDeps, { chainId, hub }: PeersOptions): Peers {
  const { database, fetchStatement, newChallenge, clock = systemClock } = deps;
  // Every request asks for both: a key that is revoked and a shop that is suspended count from the next one on.
  const row_ = createKeptRows(database.versions, {
    tables: ["peers"],
    load: (code) =>
      database.kysely.selectFrom("peers").selectAll().where("code", "=", code).executeTakeFirst(),
  });
  const trustedOf = createKeptRows(database.versions, {
    tables: ["trusted_keys"],
    load: (code) =>
      database.kysely
        .selectFrom("trusted_keys")
        .selectAll()
        .where("code", "=", code)
        .orderBy("trusted_at", "desc")
        .execute(),
  });
  const hubShops = createKeptHubShops({ read: deps.readHubShop, clock });
  const proving = new Map<string, Promise<void>>();
  const doubted = new Map<string, { readonly until: number; readonly error: unknown }>();

  const peers: Peers = {
    async find(code) {
      const row = await listed(code);
      const shop = await inHub(row, (it) => isOfOwner(it, row) && isInTouch(it));
      if (!isInTouch(shop)) throw unknown(code);
      if (!isOfOwner(shop, row)) throw unproved(code, "The Hub has it of another owner");
      const { owner, endpoint } = shop;
      try {
        await prove({ code, owner, endpoint, key: shop.key });
        return { code, owner, endpoint, key: shop.key };
      } catch (error) {
        // It has been told to take another key, and has not yet.
        const { previousKey } = shop;
        if (previousKey === undefined || !isGood(shop, previousKey)) throw error;
        if (!(await isTrusted({ code, owner, endpoint, key: previousKey }))) throw error;
        return { code, owner, endpoint, key: previousKey };
      }
    },

    async assertListed(code) {
      await listed(code);
    },

    async assertStays(code) {
      const row = await listed(code);
      const shop = await inHub(row, isInTouch);
      if (!isInTouch(shop)) throw unknown(code);
      if (row.standing === "member" && shop.standing === "member") return;
      throw new HanseError("HANSE_SHOP_LEAVING", `${code} leaves the federation, and begins nothing new`, {
        details: { code },
      });
    },

    async isKeyOf(code, key) {
      const row = await row_(code);
      if (row === undefined || !isLive(row)) return false;
      const fits = (it: HubShop) => isInTouch(it) && isOfOwner(it, row) && isGood(it, key);
      const shop = await inHub(row, fits);
      if (!fits(shop)) return false;
      const { owner, endpoint } = shop;
      return await prove({ code, owner, endpoint, key }).then(
        () => true,
        (error: unknown) => {
          if (isHanseError(error) && error.code.startsWith("HANSE_DATABASE_")) throw error;
          // Whatever is wrong with its endpoint: nothing speaks for the key yet.
          return false;
        },
      );
    },

    async sealingKeyOf(code) {
      try {
        return (await peers.find(code)).key;
      } catch (error) {
        const row = await row_(code);
        const last = (await trustedOf(code)).find(
          ({ owner }) => row !== undefined && isSame(owner, row.owner),
        );
        if (last !== undefined) return last.key;
        throw unproved(code, "It never proved a key", error);
      }
    },
  };
  return peers;

  async function listed(code: string): Promise<Row> {
    const row = await row_(code);
    if (row === undefined || !isLive(row)) throw unknown(code);
    return row;
  }

  function inHub(row: Row, fits: (shop: HubShop) => boolean): Promise<HubShop> {
    return hubShops.find(row.code, JSON.stringify(row), fits);
  }

  function isGood({ key, previousKey, overlapEnds }: HubShop, asked: Hex): boolean {
    return asked === key || (asked === previousKey && overlapEnds * 1_000 >= clock.now());
  }

  async function isTrusted({ code, owner, endpoint, key }: Peer): Promise<boolean> {
    const trusted = await trustedOf(code);
    return trusted.some(
      (each) => each.key === key && isSame(each.owner, owner) && each.endpoint === endpoint,
    );
  }

  /** @throws what is wrong with its proof */
  async function prove(peer: Peer): Promise<void> {
    if (await isTrusted(peer)) return;
    const name = `${peer.code} ${peer.key} ${peer.endpoint}`;
    const doubt = doubted.get(name);
    if (doubt !== undefined && doubt.until > clock.now()) throw doubt.error;
    // Many requests of a newcomer come at once: its endpoint is asked once.
    let proof = proving.get(name);
    if (proof === undefined) {
      proof = ask(peer)
        .then(
          () => void doubted.delete(name),
          (error: unknown) => {
            doubted.set(name, { until: clock.now() + DOUBT_MS, error });
            throw error;
          },
        )
        .finally(() => proving.delete(name));
      proving.set(name, proof);
    }
    await proof;
  }

  async function ask({ code, owner, endpoint, key }: Peer): Promise<void> {
    const challenge = newChallenge();
    const statement = await fetchStatement(endpoint, challenge, key);
    const expected = { chainId, hub, owner, code, key, endpoint, challenge };
    await verifyStatement(statement, expected, clock).catch((cause: unknown) => {
      throw unproved(code, "Its endpoint does not prove its key", cause);
    });
    await database.kysely
      .insertInto("trusted_keys")
      .values({ code, key, owner, endpoint })
      .onConflict((conflict) =>
        conflict.columns(["code", "key"]).doUpdateSet({ owner, endpoint, trusted_at: new Date(clock.now()) }),
      )
      .execute();
  }
}

/** Whether it may be called, and its signatures are good: also while it leaves, for it has deals to end. */
function isInTouch({ standing, suspended }: HubShop): boolean {
  return standing === "member" || (standing === "leaving" && !suspended);
}

function isLive({ standing }: Row): boolean {
  return standing === "member" || standing === "leaving";
}

function isOfOwner({ owner }: HubShop, row: Row): boolean {
  return isSame(owner, row.owner);
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function unknown(code: string): HanseError {
  return new HanseError("HANSE_SHOP_UNKNOWN", `No member of the federation is called ${code}`, {
    details: { code },
  });
}

function unproved(code: string, why: string, cause?: unknown): HanseError {
  return new HanseError("HANSE_SHOP_UNPROVED", `${code} is not proved: ${why}`, {
    details: { code },
    ...(cause === undefined ? {} : { cause }),
  });
}
