import { createHash, randomUUID } from "node:crypto";
import {
  answeringCalls,
  type OwnerAnswer,
  type OwnerCall,
  type Partnership,
  type PartnershipAnswer,
  type PartnershipCall,
  type PartnershipCallBody,
} from "#src/client/shop-schema.ts";
import { type Grant, type Right, signGrant, verifyGrant } from "#src/identity/grant.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import type { PeerPost } from "../federation/peer-post.ts";
import type { Peers } from "../federation/peers.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopDatabase } from "../shop-tables.ts";
import { callersOf, type PartnershipRole, stateAt, stepOf } from "./partnership-course.ts";
import {
  lockPartnership,
  type PartnershipRecord,
  partnershipView,
  pendingIdOf,
  savePartnership,
} from "./partnership-store.ts";

export interface PartnershipDeps {
  readonly database: ShopDatabase;
  /** This shop. */
  readonly code: string;
  readonly keys: Pick<ShopKeys, "present">;
  readonly peers: Peers;
  readonly post: PeerPost;
  readonly clock?: Clock;
}

export interface PartnershipOptions {
  /** How long one who was denied has to wait before it asks again; a day unless told. */
  readonly pauseMs?: number;
  /** How long a request or offer waits for its answer; 14 days unless told. */
  readonly answerMs?: number;
  /** The longest time that rights are granted for; a year unless told. */
  readonly longestMs?: number;
}

export interface Partnerships {
  /**
   * Another shop's call, its signature checked.
   * @throws HANSE_PARTNERSHIP_STATE where the call is none for where it stands; HANSE_PARTNERSHIP_PAUSED;
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
}

interface CheckedGrant {
  readonly jwt: string;
  readonly grant: Grant;
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
  const { pauseMs = DAY_MS, answerMs = 14 * DAY_MS, longestMs = 366 * DAY_MS } = options;

  return {
    async receive(peer, call, body) {
      if (!ending.has(call)) await peers.assertStays(peer);
      const grantOf = await checkGrant(peer, body.grant);
      return await database.transaction(async (trx) => {
        const now = clock.now();
        const before = await trx
          .selectFrom("partnership_answers")
          .select("answer")
          .where("peer", "=", peer)
          .where("call_id", "=", body.callId)
          .executeTakeFirst();
        if (before !== undefined) return JSON.parse(before.answer) as PartnershipAnswer;
        const record = await lockPartnership(trx, peer, otherRole(body.role), new Date(now));
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
      if (peer === code) throw terms("A shop is no partner of itself");
      await (ending.has(call) ? peers.assertListed(peer) : peers.assertStays(peer));
      const role = roleOfCaller(call, wish);
      return role === "granter" ? await decide(peer, call, wish) : await ask(peer, call, wish);
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
  };

  async function rightsIn(peer: string, role: PartnershipRole): Promise<readonly Right[]> {
    const record = (await recordsOf(peer)).find((each) => each.role === role);
    // What is kept is the record: whether it is good, is asked now.
    return record === undefined ? [] : partnershipView(record, clock.now()).rights;
  }

  // ── What another shop calls ──────────────────────────────────────────────────────────────────────────────────────

  async function take(
    record: PartnershipRecord,
    call: PartnershipCall,
    body: PartnershipCallBody,
    grantOf: () => CheckedGrant,
    now: number,
  ) {
    const step = allowedStep(record, call, body.role, now);
    if (step.rights !== "asked" && call !== "leave" && body.exchange !== record.exchange) {
      throw new HanseError(
        "HANSE_PARTNERSHIP_STATE",
        `${call} is about a request or offer that is not the last`,
        {
          details: { call, peer: record.peer, exchange: record.exchange },
        },
      );
    }
    if (call === "request" && record.ask_again_at !== null && record.ask_again_at.getTime() > now) {
      const retryAfterSeconds = Math.ceil((record.ask_again_at.getTime() - now) / 1_000);
      throw new HanseError("HANSE_PARTNERSHIP_PAUSED", `${code} denied this before`, {
        details: { askAgainAt: record.ask_again_at.toISOString(), retryAfterSeconds },
      });
    }
    const next: PartnershipRecord = { ...record, state: step.to, changed_at: new Date(now) };
    let grant: string | undefined;
    switch (step.rights) {
      case "asked":
        Object.assign(next, asked(body.rights, body.until, now), { exchange: body.exchange });
        break;
      case "granted":
        if (record.role === "granter")
          grant = await give(next, record.pending_rights, record.pending_grant_until, now);
        else keep(next, grantOf(), now);
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
    const { state, rights, until } = partnershipView(next, now);
    return { next, answer: { state, rights, until, ...(grant === undefined ? {} : { grant }) } };
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
      const told: PartnershipCallBody = { callId: randomUUID(), exchange: record.exchange, role: "granter" };
      if (wish.note !== undefined) told.note = wish.note;
      switch (step.rights) {
        case "asked":
          Object.assign(after, asked(wish.rights, wish.until, now));
          told.exchange = after.exchange = randomUUID();
          told.rights = after.pending_rights ?? [];
          told.until = after.pending_grant_until?.toISOString();
          break;
        case "granted":
          told.grant = await give(
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
    return { ...partnershipView(next, clock.now()), delivered };
  }

  /** The grantee asks, gives up or takes an offer: the granter has to have heard it. */
  async function ask(peer: string, call: PartnershipCall, wish: OwnerCall): Promise<OwnerAnswer> {
    const now = clock.now();
    const { body, before } = await database.transaction(async (trx) => {
      const record = await lockPartnership(trx, peer, "grantee", new Date(now));
      const step = allowedStep(record, call, "grantee", now);
      assertAnswers(record, call, wish);
      const exchange = step.rights === "asked" ? randomUUID() : record.exchange;
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
      return { body: told, before: record };
    });
    const answer = await post.ask(peer, pathOf(call), body);
    const grantOf = await checkGrant(peer, answer.grant);
    return await database.transaction(async (trx) => {
      const record = await lockPartnership(trx, peer, "grantee", new Date(now));
      // The granter may have called in between; what it said last stands.
      if (record.changed_at.getTime() === before.changed_at.getTime()) {
        const step = allowedStep(record, call, "grantee", now);
        const next: PartnershipRecord = { ...record, state: step.to, changed_at: new Date(now) };
        if (step.rights === "asked") {
          Object.assign(next, asked(body.rights, body.until, now), { exchange: body.exchange });
        } else if (step.rights === "granted") {
          keep(next, grantOf(), now);
        } else {
          Object.assign(next, noPending, step.rights === "ended" ? noGrant : {});
        }
        await savePartnership(trx, next);
        return { ...partnershipView(next, clock.now()), delivered: true };
      }
      return { ...partnershipView(record, clock.now()), delivered: true };
    });
  }

  // ── Grants ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Signs a grant and puts it into the record. @param within of what was asked for or offered, if it was */
  async function give(
    record: PartnershipRecord,
    rights: readonly Right[] | null,
    until: Date | null,
    now: number,
    within?: PartnershipRecord,
  ): Promise<string> {
    if (rights === null || until === null) throw terms("There is nothing to grant");
    if (within !== undefined) {
      const more = rights.filter((right) => within.pending_rights?.includes(right) !== true);
      if (more.length > 0) throw terms(`${record.peer} did not ask for ${more.join(", ")}`);
    }
    checkUntil(until, now);
    const id = randomUUID();
    const exp = Math.floor(until.getTime() / 1_000);
    const jwt = await signGrant(keys.present, {
      ...{ iss: code, aud: record.peer, jti: id, rights: [...rights] },
      ...{ iat: Math.floor(now / 1_000), exp },
    });
    Object.assign(record, noPending, {
      rights: [...rights],
      until: new Date(exp * 1_000),
      grant_jwt: jwt,
      grant_id: id,
      ask_again_at: null,
    });
    return jwt;
  }

  /**
   * Checks a grant that another shop signed, before anything is locked: its key may have to be proved, by an endpoint that takes
   * its time, and whoever waits for the lock has a connection to the database.
   * @returns what gives it, or throws what is wrong with it: to be called where it is needed
   */
  async function checkGrant(peer: string, jwt: string | undefined): Promise<() => CheckedGrant> {
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
  }

  /** Keeps a grant that another shop signed. What it says counts, whatever was asked for or told beside it. */
  function keep(record: PartnershipRecord, { jwt, grant }: CheckedGrant, now: number): void {
    Object.assign(record, noPending, {
      rights: [...grant.rights],
      until: new Date(grant.exp * 1_000),
      grant_jwt: jwt,
      grant_id: grant.jti,
      changed_at: new Date(now),
    });
  }

  function asked(rights: readonly Right[] | undefined, until: string | undefined, now: number) {
    if (rights === undefined || until === undefined) throw terms("It takes rights, and until when");
    const end = new Date(until);
    checkUntil(end, now);
    return {
      pending_rights: [...rights],
      pending_grant_until: end,
      pending_until: new Date(Math.min(now + answerMs, end.getTime())),
    };
  }

  function checkUntil(until: Date, now: number): void {
    if (until.getTime() <= now) throw terms("The end is in the past");
    if (until.getTime() > now + longestMs) {
      throw terms(`Rights are granted for ${Math.floor(longestMs / DAY_MS)} days at most`);
    }
  }

  function allowedStep(record: PartnershipRecord, call: PartnershipCall, by: PartnershipRole, now: number) {
    const state = stateAt(
      { state: record.state, until: record.until, pendingUntil: record.pending_until },
      now,
    );
    const step = stepOf(call, by, state);
    if (step !== undefined) return step;
    throw new HanseError(
      "HANSE_PARTNERSHIP_STATE",
      `${call} of the ${by} is nothing that can be said while it is "${state}"`,
      { details: { call, by, state, peer: record.peer } },
    );
  }
}

const noPending = { pending_rights: null, pending_grant_until: null, pending_until: null };
const noGrant = { rights: [] as Right[], until: null, grant_jwt: null, grant_id: null };

const pathOf = (call: PartnershipCall) => `/v1/partnerships/${call}`;
const otherRole = (role: PartnershipRole): PartnershipRole => (role === "granter" ? "grantee" : "granter");
const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

function roleOfCaller(call: PartnershipCall, { role }: OwnerCall): PartnershipRole {
  const callers = callersOf(call);
  const only = callers.length === 1 ? callers[0] : undefined;
  const chosen = role ?? only;
  if (chosen !== undefined && callers.includes(chosen)) return chosen;
  throw terms(
    only === undefined ? `${call} takes a role, granter or grantee` : `${call} is the ${only}'s to say`,
  );
}

function assertAnswers(record: PartnershipRecord, call: PartnershipCall, { answers }: OwnerCall): void {
  if (!answeringCalls.includes(call)) return;
  if (answers === undefined) throw terms(`${call} says what it answers: the pendingId that was looked at`);
  const pendingId = pendingIdOf(record);
  if (answers === pendingId) return;
  throw new HanseError(
    "HANSE_PARTNERSHIP_CHANGED",
    `What ${record.peer} and this shop wait for is another than ${call} answers`,
    { details: { peer: record.peer, call, answers, pendingId } },
  );
}

function terms(text: string): HanseError {
  return new HanseError("HANSE_PARTNERSHIP_TERMS", text);
}
