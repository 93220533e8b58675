import { randomUUID } from "node:crypto";
import { fromKysely, PgBoss } from "pg-boss";
import type { Counter } from "prom-client";
import { CHANGE_PATH, type ChangePost } from "#src/client/hub-schema.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { stringifyJson } from "#src/http/json.ts";
import { HUB_SIGNER, signRequest } from "#src/identity/http-signature.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Announce } from "./shop-store.ts";

export interface AnnouncementsDeps {
  /** Guarded: shops choose their endpoints. */
  readonly fetch: Fetch;
  readonly key: ShopKey;
  readonly logger: Logger;
  /** Counts deliveries by `result`. */
  readonly deliveries: Counter<"result">;
  readonly clock?: Clock;
}

export interface AnnouncementsOptions {
  readonly databaseUrl: string;
  /** Where this service is known. */
  readonly url: string;
  /** Attempts after the first; 10 unless told, which with the growing pauses take about half a day. */
  readonly retries?: number;
  /** The first pause in seconds; doubled each time, up to an hour; 30 unless told. */
  readonly retryDelayS?: number;
}

/** Tells members of changes. What is to be told is in the database until it was told, or given up. */
export interface Announcements {
  readonly announce: Announce;
  /** Lets deliveries under way end. */
  stop(): Promise<void>;
}

interface Delivery {
  readonly change: ChangePost;
  /** The member that is told. */
  readonly to: string;
  readonly endpoint: string;
}

const QUEUE = "hub-changes";
const TIMEOUT_MS = 10_000;
/** A delivery whose process died is anybody's after this time (seconds); longer than one may take. */
const EXPIRY_S = 30;
const LONGEST_DELAY_S = 3_600;
/** One delivery at a time to each shop: one that does not answer holds up nobody else. */
const WORK = { pollingIntervalSeconds: 2, localConcurrency: 8, localGroupConcurrency: 1 } as const;

/** @throws what PostgreSQL says when the queue cannot be made */
export async function openAnnouncements(
  deps: AnnouncementsDeps,
  options: AnnouncementsOptions,
): Promise<Announcements> {
  const { fetch, key, logger, deliveries, clock = systemClock } = deps;
  const { databaseUrl, url, retries = 10, retryDelayS = 30 } = options;
  const boss = new PgBoss({
    ...{ connectionString: databaseUrl, schema: "hub_queue", application_name: "hanse hub queue", max: 4 },
    // Nothing is done by the clock but retries.
    ...{ schedule: false, superviseIntervalSeconds: 5, maintenanceIntervalSeconds: 60 },
  });
  boss.on("error", (error) => logger.warn({ err: error }, "the queue of deliveries is disturbed"));
  await boss.start();
  await boss.createQueue(QUEUE, {
    ...{ retryLimit: retries, retryDelay: retryDelayS, retryBackoff: true, retryDelayMax: LONGEST_DELAY_S },
    ...{ expireInSeconds: EXPIRY_S, retentionSeconds: 7 * 86_400, deleteAfterSeconds: 86_400 },
  });
  await boss.updateQueue(QUEUE, { retryLimit: retries, retryDelay: retryDelayS });
  await boss.work<Delivery>(QUEUE, WORK, async ([job]) => {
    if (job !== undefined) await attempt(job.data);
  });
  return {
    async announce(trx, changes) {
      if (changes.length === 0) return;
      const members = await trx
        .selectFrom("shops")
        .select(["code", "facts"])
        .where("standing", "=", "member")
        .where("origin", "is", null)
        .execute();
      const jobs = changes.flatMap(({ code, type, sequence }) =>
        members.map(({ code: member, facts: { endpoint } }) => {
          const id = randomUUID();
          const change: ChangePost = { id, hub: url, type, code, sequence: String(sequence) };
          const data: Delivery = { change, to: member, endpoint };
          return { id, data, group: { id: member } };
        }),
      );
      // In the transaction of the change: there is none that is not told, and nothing is told of none.
      if (jobs.length > 0) await boss.insert(QUEUE, jobs, { db: fromKysely(trx) });
    },
    stop: () => boss.stop({ graceful: true, timeout: TIMEOUT_MS }),
  };

  /** Fails where the shop did not take it: the queue tries again. */
  async function attempt({ change, to, endpoint }: Delivery): Promise<void> {
    const words = { shop: change.code, change: change.type, delivery: change.id, endpoint };
    try {
      await deliver(change, to, endpoint);
      deliveries.inc({ result: "delivered" });
      logger.debug(words, "change told");
    } catch (error) {
      deliveries.inc({ result: "failed" });
      logger.debug({ ...words, err: error }, "change not told");
      throw error;
    }
  }

  async function deliver(change: ChangePost, to: string, endpoint: string): Promise<void> {
    const target = `${endpoint.replace(/\/+$/, "")}${CHANGE_PATH}`;
    const parts = {
      ...{ method: "POST", url: target, body: stringifyJson(change) },
      headers: { "content-type": "application/json" },
    };
    // Signed anew each time: a receiver takes no signature twice, but a delivery as often as it comes.
    const headers = await signRequest(parts, { code: HUB_SIGNER, key }, to, { clock });
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(target, {
      method: "POST",
      headers,
      body: parts.body,
      signal,
      redirect: "error",
    });
    await response.body?.cancel();
    if (!response.ok) {
      throw new HanseError("HANSE_PEER_REFUSED", `${endpoint} answered ${response.status} to a change`, {
        details: { endpoint, status: response.status },
      });
    }
  }
}
