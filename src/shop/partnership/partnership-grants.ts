import { randomUUID } from "node:crypto";
import { peekCompact } from "#src/identity/compact-jws.ts";
import { type Grant, type Right, signGrant, verifyGrant } from "#src/identity/grant.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Peers } from "../federation/peers.ts";
import type { ShopKeys } from "../shop-keys.ts";
import { noPending, type PartnershipRecord } from "./partnership-store.ts";
import { badTerms, type PartnershipTerms } from "./partnership-terms.ts";

export interface CheckedGrant {
  readonly jwt: string;
  readonly grant: Grant;
}

/** Grants as they are signed, checked and kept with a partnership. */
export interface PartnershipGrants {
  /**
   * Signs a grant and puts it into the record.
   * @param within of what was asked for or offered, if it was: neither more nor longer
   * @throws HANSE_PARTNERSHIP_TERMS
   */
  give(
    record: PartnershipRecord,
    rights: readonly Right[] | null,
    until: Date | null,
    now: number,
    within?: PartnershipRecord,
  ): Promise<string>;
  /**
   * What a record grants, signed once more with the key that is good now: whoever did not hear of the grant before the key was
   * changed cannot check it any more. It is the same grant, with the same name. @returns undefined where nothing is granted
   */
  again(record: PartnershipRecord, now: number): Promise<string | undefined>;
  /**
   * Checks a grant that another shop signed, before anything is locked: its key may have to be proved, by an endpoint that takes
   * its time, and whoever waits for the lock has a connection to the database.
   * @returns what gives it, or throws what is wrong with it: to be called where it is needed
   */
  check(peer: string, jwt: string | undefined): Promise<() => CheckedGrant>;
}

export interface PartnershipGrantsDeps {
  /** This shop. */
  readonly code: string;
  readonly keys: Pick<ShopKeys, "present">;
  readonly peers: Pick<Peers, "isKeyOf">;
  readonly terms: PartnershipTerms;
  readonly clock: Clock;
}

export function createPartnershipGrants(deps: PartnershipGrantsDeps): PartnershipGrants {
  const { code, keys, peers, terms, clock } = deps;
  return {
    async give(record, rights, until, now, within) {
      if (rights === null || until === null) throw badTerms("There is nothing to grant");
      if (within !== undefined) {
        const more = rights.filter((right) => within.pending_rights?.includes(right) !== true);
        if (more.length > 0) throw badTerms(`${record.peer} did not ask for ${more.join(", ")}`);
        const asked = within.pending_grant_until;
        if (asked !== null && until.getTime() > asked.getTime())
          throw badTerms(`${record.peer} did not ask for longer than until ${asked.toISOString()}`);
      }
      terms.checkUntil(until, now);
      const exp = Math.floor(until.getTime() / 1_000);
      const id = randomUUID();
      const given = { rights: [...rights], until: new Date(exp * 1_000), grant_id: id };
      const jwt = await sign({ ...record, ...given }, now);
      Object.assign(record, noPending, given, { grant_jwt: jwt, ask_again_at: null });
      return jwt;
    },

    async again(record, now) {
      if (record.grant_id === null || record.until === null || record.until.getTime() <= now)
        return undefined;
      return await sign(record, now);
    },

    async check(peer, jwt) {
      try {
        if (jwt === undefined) throw new HanseError("HANSE_GRANT_MALFORMED", "The call carries no grant");
        const isKeyOfIssuer = (publicKey: `0x${string}`) => peers.isKeyOf(peer, publicKey);
        const grant = await verifyGrant(jwt, isKeyOfIssuer, { iss: peer, aud: code }, clock);
        return () => ({ jwt, grant });
      } catch (error) {
        return () => {
          throw error;
        };
      }
    },
  };

  async function sign({ peer, rights, until, grant_id }: PartnershipRecord, now: number): Promise<string> {
    if (grant_id === null || until === null) throw badTerms("There is nothing to grant");
    return await signGrant(keys.present, {
      ...{ iss: code, aud: peer, jti: grant_id, rights: [...rights] },
      ...{ iat: Math.floor(now / 1_000), exp: Math.floor(until.getTime() / 1_000) },
    });
  }
}

/** What a record becomes by a grant that another shop signed. What it says counts, whatever was asked for or told beside it. */
export function keptGrant({ jwt, grant }: CheckedGrant) {
  return {
    ...noPending,
    rights: [...grant.rights],
    until: new Date(grant.exp * 1_000),
    grant_jwt: jwt,
    grant_id: grant.jti,
  };
}

/** Whether a JWT of this shop's is the grant that a record has now, whichever key signed it. */
export function isGrantOf(record: PartnershipRecord, jwt: string): boolean {
  const payload = peekCompact(jwt)?.payload as { readonly jti?: unknown } | null | undefined;
  return record.grant_id !== null && payload?.jti === record.grant_id;
}
