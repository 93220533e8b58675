import { createHash, randomUUID } from "node:crypto";
import type {
  OwnerAnswer,
  OwnerCall,
  PartnershipAnswer,
  PartnershipCall,
  PartnershipCallBody,
} from "#src/client/shop-schema.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { isHanseError, isRetryable } from "#src/kernel/errors.ts";
import { isRefusal, type PeerPost } from "../federation/peer-post.ts";
import type { ShopDatabase } from "../shop-tables.ts";
import { allowedStep, assertAnswers, named, pathOf } from "./partnership-calls.ts";
import { isOver } from "./partnership-course.ts";
import { keptGrant, type PartnershipGrants } from "./partnership-grants.ts";
import { reconciled, standingIn } from "./partnership-reconciliation.ts";
import {
  type Asking,
  askingOf,
  lockPartnership,
  noGrant,
  noPending,
  type PartnershipRecord,
  partnershipView,
  savePartnership,
} from "./partnership-store.ts";
import type { PartnershipTerms } from "./partnership-terms.ts";

/** What a grantee tells the granter: written down before, so that whoever dies in between knows what it said. */
export interface PartnershipAsking {
  /**
   * The grantee asks, gives up or takes an offer: the granter has to have heard it.
   * @throws HANSE_PARTNERSHIP_STATE, HANSE_PARTNERSHIP_TERMS, HANSE_PARTNERSHIP_CHANGED, and what the granter answers
   */
  ask(peer: string, call: PartnershipCall, wish: OwnerCall): Promise<OwnerAnswer>;
  /** Tells granters what was being told when this process ended, until they answer, or the signal. */
  keepAsking(signal: AbortSignal): Promise<void>;
}

export interface PartnershipAskingDeps {
  readonly database: ShopDatabase;
  readonly post: Pick<PeerPost, "ask">;
  readonly asked: PartnershipTerms["asked"];
  readonly checkGrant: PartnershipGrants["check"];
  readonly clock: Clock;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15 * 60_000;

export function createPartnershipAsking(deps: PartnershipAskingDeps): PartnershipAsking {
  const { database, post, asked, checkGrant, clock } = deps;
  return {
    async ask(peer, call, wish) {
      const body = await database.transaction(async (trx) => {
        const now = clock.now();
        const record = await lockPartnership(trx, peer, "grantee", new Date(now));
        const step = allowedStep(record, call, "grantee", now);
        assertAnswers(record, call, wish);
        const exchange = step.rights === "asked" ? randomUUID() : named(record);
        // Repeated after a crash, a call about the same exchange is the same call, and answered alike.
        const callId =
          step.rights === "asked"
            ? randomUUID()
            : digestOf(`${exchange} ${call} ${record.changed_at.getTime()}`);
        const told: PartnershipCallBody = { callId, exchange, role: "grantee" };
        if (wish.note !== undefined) told.note = wish.note;
        if (step.rights === "asked") {
          const { pending_rights, pending_grant_until } = asked(wish.rights, wish.until, now);
          told.rights = pending_rights;
          told.until = pending_grant_until.toISOString();
        }
        const asking: Asking = { call, body: told, since: record.changed_at.getTime(), failed: false };
        await savePartnership(trx, { ...record, asking: JSON.stringify(asking) });
        return told;
      });
      try {
        return { ...partnershipView(await tell(peer, call, body), clock.now()), delivered: true };
      } catch (error) {
        await whileAsking(peer, body.callId, async (record, asking) => ({
          ...record,
          asking: JSON.stringify({ ...asking, failed: true } satisfies Asking),
        }));
        throw error;
      }
    },

    async keepAsking(signal) {
      let left: Map<string, Asking> | undefined;
      for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        try {
          left ??= await leftFromBefore();
          for (const [peer, { body }] of left) {
            if (signal.aborted) return;
            if (await tellAgain(peer, body.callId)) left.delete(peer);
          }
        } catch (error) {
          if (!isRetryable(error)) throw error;
        }
        if (left?.size === 0) return;
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    },
  };

  /** Tells the granter what was written down, and does what it answers, or what follows from where it says that it stands. */
  async function tell(
    peer: string,
    call: PartnershipCall,
    body: PartnershipCallBody,
  ): Promise<PartnershipRecord> {
    let answer: PartnershipAnswer;
    try {
      answer = await post.ask(peer, pathOf(call), body);
    } catch (error) {
      const standing = standingIn(error, "grantee");
      const grantOf = await checkGrant(peer, standing?.grant);
      if (isHanseError(error) && error.code.startsWith("HANSE_PARTNERSHIP_"))
        await whileAsking(peer, body.callId, async (record, { since }) => {
          const heard = { ...record, asking: null };
          // The granter may have called in between; what it said last stands.
          if (standing === undefined || record.changed_at.getTime() !== since) return heard;
          return reconciled(heard, standing, grantOf, clock.now());
        });
      throw error;
    }
    const grantOf = await checkGrant(peer, answer.grant);
    return await whileAsking(peer, body.callId, async (record, { since }) => {
      const heard = { ...record, asking: null };
      if (record.changed_at.getTime() !== since) return heard;
      const now = clock.now();
      const step = allowedStep(record, call, "grantee", now);
      const next: PartnershipRecord = { ...heard, state: step.to, changed_at: new Date(now) };
      switch (step.rights) {
        case "asked":
          if (!step.to.startsWith("renewal")) Object.assign(next, noGrant);
          return Object.assign(next, asked(body.rights, body.until, now), { exchange: body.exchange });
        case "granted":
          return Object.assign(next, keptGrant(grantOf()));
        case "ended":
          if (call === "leave" && isOver(partnershipView(record, now).state)) next.state = record.state;
          return Object.assign(next, noPending, noGrant);
        default:
          return Object.assign(next, noPending);
      }
    });
  }

  /** Changes a record for as long as just this is being asked. @returns the record as it is then */
  async function whileAsking(
    peer: string,
    callId: string,
    change: (record: PartnershipRecord, asking: Asking) => Promise<PartnershipRecord>,
  ): Promise<PartnershipRecord> {
    return await database.transaction(async (trx) => {
      const record = await lockPartnership(trx, peer, "grantee", new Date(clock.now()));
      const asking = askingOf(record);
      if (asking?.body.callId !== callId) return record;
      const changed = await change(record, asking);
      await savePartnership(trx, changed);
      return changed;
    });
  }

  async function leftFromBefore(): Promise<Map<string, Asking>> {
    const rows = await database.kysely
      .selectFrom("partnerships")
      .select(["peer", "asking"])
      .where("asking", "is not", null)
      .execute();
    return new Map(rows.flatMap(leftOf));
  }

  /** @returns whether it is over: answered, refused for good, or no longer what is asked */
  async function tellAgain(peer: string, callId: string): Promise<boolean> {
    const row = await database.kysely
      .selectFrom("partnerships")
      .select("asking")
      .where("peer", "=", peer)
      .where("role", "=", "grantee")
      .executeTakeFirst();
    const asking = row === undefined ? undefined : askingOf(row);
    if (asking?.body.callId !== callId || asking.failed) return true;
    try {
      await tell(peer, asking.call, asking.body);
      return true;
    } catch (error) {
      if (!isHanseError(error)) throw error;
      return isRefusal(error);
    }
  }
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

function leftOf(row: Pick<PartnershipRecord, "peer" | "asking">): [string, Asking][] {
  const asking = askingOf(row);
  return asking === undefined || asking.failed ? [] : [[row.peer, asking]];
}
