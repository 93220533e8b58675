import type { Address, Hex } from "viem";
import { verifyStatement } from "#src/identity/statement.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import type { ShopDatabase } from "../shop-tables.ts";

/** Another shop, as hub services tell of it. */
export interface Peer {
  readonly code: string;
  readonly owner: Address;
  readonly endpoint: string;
  readonly key: Hex;
}

/** Who is in the federation, and which key speaks for whom. */
export interface Peers {
  /** @throws HANSE_SHOP_UNKNOWN for a shop that no hub service lists as a member */
  find(code: string): Promise<Peer>;
  /**
   * Whether `key` is good for the shop's signatures now: listed, and proved by a statement that the shop's own endpoint
   * served. What was proved once for an owner and endpoint is remembered.
   */
  isKeyOf(code: string, key: Hex): Promise<boolean>;
}

export interface PeersDeps {
  readonly database: ShopDatabase;
  /** Fetches the statement of an endpoint, with a challenge to be repeated in it, signed with a key. */
  readonly fetchStatement: (endpoint: string, challenge: string, key: Hex) => Promise<string>;
  readonly newChallenge: () => string;
  readonly clock?: Clock;
}

export interface PeersOptions {
  readonly chainId: number;
  readonly hub: Address;
}

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
    load: (code) => database.kysely.selectFrom("trusted_keys").selectAll().where("code", "=", code).execute(),
  });
  const proving = new Map<string, Promise<boolean>>();
  const doubted = new Map<string, number>();

  return {
    async find(code) {
      const row = await row_(code);
      if (row?.standing !== "member") {
        throw new HanseError("HANSE_SHOP_UNKNOWN", `No member of the federation is called ${code}`, {
          details: { code },
        });
      }
      const { owner, endpoint, key } = row;
      return { code, owner, endpoint, key };
    },

    async isKeyOf(code, key) {
      const row = await row_(code);
      if (row?.standing !== "member") return false;
      const isPrevious =
        row.previous_key === key &&
        row.previous_key_until !== null &&
        row.previous_key_until.getTime() >= clock.now();
      if (row.key !== key && !isPrevious) return false;
      const isTrusted = (await trustedOf(code)).some(
        (each) => each.key === key && each.owner === row.owner && each.endpoint === row.endpoint,
      );
      if (isTrusted) return true;
      const name = `${code} ${key}`;
      if ((doubted.get(name) ?? 0) > clock.now()) return false;
      // Many requests of a newcomer come at once: its endpoint is asked once.
      let proof = proving.get(name);
      if (proof === undefined) {
        proof = prove({ ...row, key }).finally(() => proving.delete(name));
        proving.set(name, proof);
      }
      return await proof;
    },
  };

  async function prove(peer: Peer): Promise<boolean> {
    const { code, owner, endpoint, key } = peer;
    const challenge = newChallenge();
    try {
      const statement = await fetchStatement(endpoint, challenge, key);
      await verifyStatement(statement, { chainId, hub, owner, code, key, endpoint, challenge }, clock);
    } catch {
      // Whatever is wrong with its endpoint: nothing speaks for the key yet.
      doubted.set(`${code} ${key}`, clock.now() + DOUBT_MS);
      return false;
    }
    await database.kysely
      .insertInto("trusted_keys")
      .values({ code, key, owner, endpoint })
      .onConflict((conflict) =>
        conflict.columns(["code", "key"]).doUpdateSet({ owner, endpoint, trusted_at: new Date(clock.now()) }),
      )
      .execute();
    return true;
  }
}
