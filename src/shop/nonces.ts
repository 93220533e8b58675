import { sql } from "kysely";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { ShopDatabase } from "./shop-tables.ts";

/** Nonces of signed requests, for as long as their signatures are good. */
export interface Nonces {
  /** @returns false where this shop used it before, or may have, or where its signature is good no more */
  take(code: string, nonce: string, expires: Date, created: Date): Promise<boolean>;
}

export interface NoncesDeps {
  readonly database: ShopDatabase;
  readonly clock?: Pick<Clock, "now">;
}

/**
 * In memory, since every request has one. What outlives the process is when the newest was signed that was taken of each signer,
 * by the signer's own clock, which may be ahead of ours: a second's requests cost one write. What an earlier process took is no
 * newer than that, and all of it is refused; whoever really sent it signs anew.
 */
export function createNonces({ database, clock = systemClock }: NoncesDeps): Nonces {
  // Signatures tell whole seconds.
  const began = Math.floor(clock.now() / 1_000) * 1_000;
  const taken = new Map<string, number>();
  const signers = new Map<string, Promise<Signer>>();
  return {
    async take(code, nonce, expires, created) {
      const signer = await signerOf(code);
      forgetExpired();
      // Also where the database was begun anew, or is an older one.
      if (created.getTime() < began || created.getTime() <= signer.takenBefore) return false;
      // It ran out while it was checked: whether it was taken is forgotten by now.
      if (expires.getTime() < clock.now()) return false;
      const name = `${code} ${nonce}`;
      if (taken.has(name)) return false;
      taken.set(name, expires.getTime());
      await keep(code, signer, created);
      return true;
    },
  };

  /** What is known of a signer when it is first heard of. */
  async function signerOf(code: string): Promise<Signer> {
    let signer = signers.get(code);
    if (signer === undefined) {
      signer = load(code);
      signer.catch(() => signers.delete(code));
      signers.set(code, signer);
    }
    return await signer;
  }

  async function load(code: string): Promise<Signer> {
    const row = await database.kysely
      .selectFrom("taken_until")
      .select("created")
      .where("signer", "=", code)
      .executeTakeFirst();
    const takenBefore = row?.created.getTime() ?? Number.NEGATIVE_INFINITY;
    return { takenBefore, keptUntil: takenBefore, keeping: Promise.resolve() };
  }

  /** Written before the request is let in; those of the same second wait for one write. */
  async function keep(code: string, signer: Signer, created: Date): Promise<void> {
    if (created.getTime() > signer.keptUntil) {
      const before = signer.keptUntil;
      signer.keptUntil = created.getTime();
      signer.keeping = write(code, created).catch((error: unknown) => {
        // The next one writes again.
        signer.keptUntil = Math.min(signer.keptUntil, before);
        signer.keeping = Promise.resolve();
        throw error;
      });
    }
    await signer.keeping;
  }

  async function write(signer: string, created: Date): Promise<void> {
    await database.kysely
      .insertInto("taken_until")
      .values({ signer, created })
      .onConflict((conflict) =>
        conflict
          .column("signer")
          .doUpdateSet({ created: sql<Date>`greatest(taken_until.created, excluded.created)` }),
      )
      .execute();
  }

  // The oldest stand first; a long-lived one keeps those behind it for as long as it lives, which is minutes at most.
  function forgetExpired(): void {
    for (const [name, expires] of taken) {
      if (expires >= clock.now()) return;
      taken.delete(name);
    }
  }
}

/** Times in milliseconds of the signer's clock. */
interface Signer {
  /** No newer than this is what earlier processes took. */
  readonly takenBefore: number;
  keptUntil: number;
  /** The write of it. */
  keeping: Promise<void>;
}
