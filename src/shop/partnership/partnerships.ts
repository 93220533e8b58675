import { randomUUID } from "node:crypto";
import {
  type OwnerAnswer,
  type OwnerCall,
  type Partnership,
  type PartnershipAnswer,
  type PartnershipCall,
  type PartnershipCallBody,
  type PartnershipStanding,
  partnershipCalls,
} from "#src/client/shop-schema.ts";
import type { Right } from "#src/identity/grant.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import type { Delivery, PeerPost } from "../federation/peer-post.ts";
import type { Peers } from "../federation/peers.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopDatabase } from "../shop-tables.ts";
import { createPartnershipAsking } from "./partnership-asking.ts";
import { allowedStep, assertAnswers, named, nothingToSay, pathOf } from "./partnership-calls.ts";
import { callersOf, isOver, type PartnershipRole, stepOf } from "./partnership-course.ts";
import { type CheckedGrant, createPartnershipGrants, isGrantOf, keptGrant } from "./partnership-grants.ts";
import { reconciled, standingIn, standingOf } from "./partnership-reconciliation.ts";
import {
  askingOf,
  lockPartnership,
  noGrant,
  noPending,
  type PartnershipRecord,
  partnershipView,
  savePartnership,
} from "./partnership-store.ts";
import { badTerms, createPartnershipTerms, type PartnershipTermsOptions } from "./partnership-terms.ts";

export interface PartnershipDeps {
  readonly database: ShopDatabase;
  /** This shop. */
  readonly code: string;
  readonly keys: Pick<ShopKeys, "present">;
  readonly peers: Peers;
  readonly post: PeerPost;
  readonly clock?: Clock;
}

export interface PartnershipOptions extends PartnershipTermsOptions {
  /** How long one who was denied has to wait before it asks again; a day unless told. */
  readonly pauseMs?: number;
}

export interface Partnerships {
  /**
   * Another shop's call, its signature checked.
   * @throws HANSE_PARTNERSHIP_STATE where the call is none for where it stands, and HANSE_PARTNERSHIP_PAUSED; both say in
   * `details.standing` where that is, which the other takes over as far as it may (`reconciled`);
   * HANSE_PARTNERSHIP_TERMS for rights or times that cannot be; HANSE_GRANT_*
   */
  receive(peer: string, call: PartnershipCall, body: PartnershipCallBody): Promise<PartnershipAnswer>;
  /**
   * What the owner wants. A grantee's call has to reach the other; a granter's decision counts at once and is told as soon
   * as the other can be reached. What answers a request or an offer names it: the other may have asked for more meanwhile.
   * @throws as `receive`, HANSE_PARTNERSHIP_CHANGED where something else stands than the owner answers, HANSE_SHOP_UNKNOWN, and what the other answers
   */
  make(peer: string, call: PartnershipCall, wish: OwnerCall): Promise<OwnerAnswer>;
  list(): Promise<readonly Partnership[]>;
  /** The rights that `peer` has here now, by the grant that is good at this moment. */
  rightsOf(peer: string): Promise<readonly Right[]>;
  /** What `peer` grants this shop. */
  rightsFrom(peer: string): Promise<readonly Right[]>;
  /** Tells granters what was being told when this process ended, until they answer, or the signal. */
  keepAsking(signal: AbortSignal): Promise<void>;
}

const DAY_MS = 86_400_000;
/** What a shop that leaves may still say, and be told: it grants nothing, and is granted nothing. */
const ending: ReadonlySet<PartnershipCall> = new Set(["leave", "reject", "rejectOffer", "refreshReject"]);

export function createPartnerships(deps: PartnershipDeps, options: PartnershipOptions = {}): Partnerships {
  const { database, code, keys, peers, post, clock = systemClock } = deps;
  const recordsOf = createKeptRows(database.versions, {
    tables: ["partnerships"],
    load: (peer) => database.kysely.selectFrom("partnerships").selectAll().where("peer", "=", peer).execute(),
  });
  const { pauseMs = DAY_MS } = options;
  const terms = createPartnershipTerms(options);
  const { asked } = terms;
  const grants = createPartnershipGrants({ code, keys, peers, terms, clock });
  const asking = createPartnershipAsking({ database, post, asked, checkGrant: grants.check, clock });
  post.onRefusal(heedRefusal);

  return {
    async receive(peer, call, body) {
      if (!ending.has(call)) await peers.assertStays(peer);
      const grantOf = await grants.check(peer, body.grant);
      return await database.transaction(async (trx) => {
        const now = clock.now();
        // First: the same call may be under way twice, and the second is answered as the first.
        const record = await lockPartnership(trx, peer, otherRole(body.role), new Date(now));
        const before = await trx
          .selectFrom("partnership_answers")
          .select("answer")
          .where("peer", "=", peer)
          .where("call_id", "=", body.callId)
          .executeTakeFirst();
        if (before !== undefined)
          return await givenAgain(record, JSON.parse(before.answer) as PartnershipAnswer, now);
        const { next, answer } = await take(record, call, body, grantOf, now);
        await savePartnership(trx, next);
        await trx
          .insertInto("partnership_answers")
          .values({ peer, call_id: body.callId, answer: JSON.stringify(answer) })
          .execute();
        return answer;
      });
    },

    async make(peer, call, wish) {
      if (peer === code) throw badTerms("A shop is no partner of itself");
      await (ending.has(call) ? peers.assertListed(peer) : peers.assertStays(peer));
      const role = roleOfCaller(call, wish);
      return role === "granter" ? await decide(peer, call, wish) : await asking.ask(peer, call, wish);
    },

    async list() {
      const rows = await database.kysely
        .selectFrom("partnerships")
        .selectAll()
        .where("state", "!=", "none")
        .orderBy("peer")
        .orderBy("role")
        .execute();
      return rows.map((row) => partnershipView(row, clock.now()));
    },

    rightsOf: (peer) => rightsIn(peer, "granter"),
    rightsFrom: (peer) => rightsIn(peer, "grantee"),

    keepAsking: asking.keepAsking,
  };

  async function rightsIn(peer: string, role: PartnershipRole): Promise<readonly Right[]> {
    const record = (await recordsOf(peer)).find((each) => each.role === role);
    // What is kept is the record: whether it is good, is asked now.
    return record === undefined ? [] : partnershipView(record, clock.now()).rights;
  }

  // ── What another shop calls ──────────────────────────────────────────────────────────────────────────────────────

  async function take(
    before: PartnershipRecord,
    call: PartnershipCall,
    body: PartnershipCallBody,
    grantOf: () => CheckedGrant,
    now: number,
  ) {
    const record = withAsked(before, body, now);
    const refusal = async (
      error: "HANSE_PARTNERSHIP_STATE" | "HANSE_PARTNERSHIP_PAUSED",
      text: string,
      more = {},
    ) => {
      const given = record.role === "granter" ? await grants.again(record, now) : undefined;
      const standing: PartnershipStanding = standingOf(record, now, given);
      return new HanseError(error, text, { details: { call, peer: record.peer, ...more, standing } });
    };
    const { state: stands } = partnershipView(record, now);
    const step = stepOf(call, body.role, stands, "taken");
    if (step === undefined)
      throw await refusal("HANSE_PARTNERSHIP_STATE", nothingToSay(call, body.role, stands));
    const about = body.exchange === record.exchange;
    // Over is over; and what was asked for since is none of what the granter takes back.
    const isOld =
      call === "leave" && (isOver(stands) || (stands === "requested" && body.role === "granter" && !about));
    if (isOld) return { next: record, answer: answerOf(record, now) };
    if (step.rights !== "asked" && call !== "leave" && !about)
      throw await refusal(
        "HANSE_PARTNERSHIP_STATE",
        `${call} is about a request or offer that is not the last`,
      );
    if (call === "request" && record.ask_again_at !== null && record.ask_again_at.getTime() > now) {
      const retryAfterSeconds = Math.ceil((record.ask_again_at.getTime() - now) / 1_000);
      const askAgainAt = record.ask_again_at.toISOString();
      throw await refusal("HANSE_PARTNERSHIP_PAUSED", `${code} denied this before`, {
        askAgainAt,
        retryAfterSeconds,
      });
    }
    const next: PartnershipRecord = {
      ...record,
      ...{ state: step.to, note: body.note ?? null, changed_at: new Date(now) },
    };
    let grant: string | undefined;
    switch (step.rights) {
      case "asked":
        // Where nothing runs at the other, nothing runs here.
        if (!step.to.startsWith("renewal")) Object.assign(next, noGrant);
        Object.assign(next, asked(body.rights, body.until, now), { exchange: body.exchange });
        break;
      case "granted":
        if (record.role === "granter")
          grant = await grants.give(next, record.pending_rights, record.pending_grant_until, now);
        else Object.assign(next, keptGrant(grantOf()));
        break;
      case "kept":
        Object.assign(next, noPending);
        break;
      case "ended":
        Object.assign(next, noPending, noGrant);
        if (call === "reject") {
          next.ask_again_at = body.askAgainAt === undefined ? null : new Date(body.askAgainAt);
        }
    }
    return { next, answer: { ...answerOf(next, now), ...(grant === undefined ? {} : { grant }) } };
  }

  /** The answer to a call that was taken before; its grant may be signed with a key that was changed since. */
  async function givenAgain(record: PartnershipRecord, answer: PartnershipAnswer, now: number) {
    if (answer.grant === undefined || !isGrantOf(record, answer.grant)) return answer;
    const grant = await grants.again(record, now);
    return grant === undefined ? answer : { ...answer, grant };
  }

  /** A granter that answers what was being asked has heard it, though its answer to that did not come here. */
  function withAsked(
    record: PartnershipRecord,
    { exchange }: PartnershipCallBody,
    now: number,
  ): PartnershipRecord {
    const asking = askingOf(record);
    if (asking === undefined || asking.body.exchange !== exchange || record.exchange === exchange)
      return record;
    const { state } = partnershipView(record, now);
    const step = stepOf(asking.call, "grantee", state, "said");
    if (step?.rights !== "asked") return record;
    const { rights, until } = asking.body;
    return { ...record, ...asked(rights, until, now), state: step.to, exchange, asking: null };
  }

  // ── What the owner wants ─────────────────────────────────────────────────────────────────────────────────────────

  /** The granter's word counts from now on, whether the other hears of it or not. */
  async function decide(peer: string, call: PartnershipCall, wish: OwnerCall): Promise<OwnerAnswer> {
    const { next, body } = await database.transaction(async (trx) => {
      const now = clock.now();
      const record = await lockPartnership(trx, peer, "granter", new Date(now));
      const step = allowedStep(record, call, "granter", now);
      assertAnswers(record, call, wish);
      const after: PartnershipRecord = { ...record, state: step.to, changed_at: new Date(now) };
      const told: PartnershipCallBody = { callId: randomUUID(), exchange: named(record), role: "granter" };
      if (wish.note !== undefined) told.note = wish.note;
      switch (step.rights) {
        case "asked":
          Object.assign(after, asked(wish.rights, wish.until, now));
          told.exchange = after.exchange = randomUUID();
          told.rights = after.pending_rights ?? [];
          told.until = after.pending_grant_until?.toISOString();
          break;
        case "granted":
          told.grant = await grants.give(
            after,
            wish.rights ?? record.pending_rights,
            wish.until === undefined ? record.pending_grant_until : new Date(wish.until),
            now,
            record,
          );
          break;
        case "kept":
          Object.assign(after, noPending);
          break;
        case "ended":
          Object.assign(after, noPending, noGrant);
          // Told once more, it is as over as it was.
          if (call === "leave" && isOver(partnershipView(record, now).state)) after.state = record.state;
          if (call === "reject") {
            after.ask_again_at = new Date(now + pauseMs);
            told.askAgainAt = after.ask_again_at.toISOString();
          }
      }
      await savePartnership(trx, after);
      await post.later(trx, { id: told.callId, peer, path: pathOf(call), body: told });
      return { next: after, body: told };
    });
    const delivered = await post.now({ id: body.callId, peer, path: pathOf(call), body });
    // The other may have said by now that it wants, or knows, nothing of it.
    const stands = (await recordsOf(peer)).find(({ role }) => role === "granter") ?? next;
    return { ...partnershipView(stands, clock.now()), delivered };
  }

  // ── What the grantee will not have ───────────────────────────────────────────────────────────────────────────────

  /** What follows where a granter's decision was told and refused. @returns what is told instead */
  async function heedRefusal({ peer, path, body }: Delivery, error: HanseError): Promise<unknown> {
    if (!partnershipCalls.some((call) => pathOf(call) === path)) return undefined;
    const told = body as PartnershipCallBody;
    return await database.transaction(async (trx) => {
      const now = clock.now();
      const record = await lockPartnership(trx, peer, "granter", new Date(now));
      const isLast =
        record.exchange === told.exchange && (told.grant === undefined || isGrantOf(record, told.grant));
      if (!isLast) return undefined;
      if (error.code === "HANSE_GRANT_KEY_UNKNOWN") {
        // It may have been signed with a key that was changed before the other heard of it.
        const grant = await grants.again(record, now);
        return grant === undefined ? undefined : { ...told, grant };
      }
      const standing = standingIn(error, "granter");
      if (standing !== undefined) await savePartnership(trx, reconciled(record, standing, noneGiven, now));
      return undefined;
    });
  }
}

const otherRole = (role: PartnershipRole): PartnershipRole => (role === "granter" ? "grantee" : "granter");

function noneGiven(): never {
  throw new HanseError("HANSE_GRANT_MALFORMED", "A grantee grants nothing");
}

function answerOf(record: PartnershipRecord, now: number): PartnershipAnswer {
  const { state, rights, until } = partnershipView(record, now);
  return { state, rights, until };
}

function roleOfCaller(call: PartnershipCall, { role }: OwnerCall): PartnershipRole {
  const callers = callersOf(call);
  const only = callers.length === 1 ? callers[0] : undefined;
  const chosen = role ?? only;
  if (chosen !== undefined && callers.includes(chosen)) return chosen;
  throw badTerms(
    only === undefined ? `${call} takes a role, granter or grantee` : `${call} is the ${only}'s to say`,
  );
}
