import type { Right } from "#src/identity/grant.ts";
import { HanseError } from "#src/kernel/errors.ts";

const DAY_MS = 86_400_000;

export interface PartnershipTermsOptions {
  /** How long a request or offer waits for its answer; 14 days unless told. */
  readonly answerMs?: number;
  /** The longest time that rights are granted for; a year unless told. */
  readonly longestMs?: number;
}

/** Which rights and times can be asked for and granted. */
export interface PartnershipTerms {
  /** What a record says of what is asked for or offered. @throws HANSE_PARTNERSHIP_TERMS */
  asked(
    rights: readonly Right[] | undefined,
    until: string | undefined,
    now: number,
  ): {
    readonly pending_rights: Right[];
    readonly pending_grant_until: Date;
    readonly pending_until: Date;
  };
  /** @throws HANSE_PARTNERSHIP_TERMS for an end that is past, or too far away */
  checkUntil(until: Date, now: number): void;
}

export function createPartnershipTerms({
  answerMs = 14 * DAY_MS,
  longestMs = 366 * DAY_MS,
}: PartnershipTermsOptions = {}): PartnershipTerms {
  const terms: PartnershipTerms = {
    asked(rights, until, now) {
      if (rights === undefined || until === undefined) throw badTerms("It takes rights, and until when");
      const end = new Date(until);
      terms.checkUntil(end, now);
      return {
        pending_rights: [...rights],
        pending_grant_until: end,
        pending_until: new Date(Math.min(now + answerMs, end.getTime())),
      };
    },

    checkUntil(until, now) {
      if (until.getTime() <= now) throw badTerms("The end is in the past");
      if (until.getTime() > now + longestMs)
        throw badTerms(`Rights are granted for ${Math.floor(longestMs / DAY_MS)} days at most`);
    },
  };
  return terms;
}

export function badTerms(text: string): HanseError {
  return new HanseError("HANSE_PARTNERSHIP_TERMS", text);
}
