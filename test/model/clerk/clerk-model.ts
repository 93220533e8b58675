import { type Address, type Hex, zeroAddress } from "viem";
import { dealId } from "#src/protocol/ids.ts";
import { allows, restrictionRule } from "#src/protocol/restrictions.ts";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need, Refused } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import { Accounts, type Entry } from "./accounts.ts";
import { type Batch, type MatchOutcome, MatchRefused } from "./batch.ts";
import { type Deal, sameDeal, unitOf } from "./deal.ts";
import { draftOf } from "./draft.ts";
import { Fills } from "./fills.ts";
import { KeyringModel } from "./keyring.ts";
import { checkQuartet, type Quartet, quartetOf, termsHash, termsOf } from "./match-check.ts";
import { Clerkship, type Standing } from "./standing.ts";
import { type Permit, TokenModel } from "./token.ts";

/** On what terms a certifier takes a deal. */
export type Admission =
  | { readonly refusal: string }
  | { readonly refusal: "None"; readonly poolStake: bigint; readonly frozen: Hex };

export interface CertifierModel {
  admit(draft: Deal, minSeats: number, minSeatStake: bigint): Admission;
}

export interface DealBook {
  readonly deal: Deal;
  readonly openUnits: number;
}

/** What is true of accounts with code that orders may name. */
export interface ForeignContracts {
  /** Takes any signature for its own. */
  readonly wallets: ReadonlySet<Address>;
  /** Answers yes as a group and as a terms contract; whatever else is named answers no. */
  readonly yes: ReadonlySet<Address>;
}

/** The Clerk by its interface: accounts, orders, deals. */
export class ClerkModel {
  readonly token: TokenModel;
  readonly money: Accounts;
  readonly fills: Fills;
  readonly keyring: KeyringModel;
  readonly deals: Table<DealBook | undefined>;
  readonly owners: Table<Address>;
  readonly spent: Table<bigint>;
  readonly sponsored: Table<bigint>;
  /** Those that governance registered. */
  readonly registered: Table<boolean>;
  readonly certifiers = new Map<Address, CertifierModel>();
  readonly #governance: Address;
  readonly #rules: Rules;
  readonly #address: Address;
  readonly #foreign: ForeignContracts;
  readonly #clerkship: Clerkship;

  constructor(
    journal: Journal,
    rules: Rules,
    parties: {
      readonly governance: Address;
      readonly address: Address;
      readonly till: Address;
      readonly foreign: ForeignContracts;
    },
  ) {
    this.token = new TokenModel(journal, rules, { clerk: parties.address, till: parties.till });
    this.money = new Accounts(journal, this.token);
    this.fills = new Fills(journal, rules);
    this.keyring = new KeyringModel(journal, parties.foreign.wallets);
    this.deals = new Table<DealBook | undefined>(journal, undefined);
    this.owners = new Table<Address>(journal, zeroAddress);
    this.spent = new Table<bigint>(journal, 0n);
    this.sponsored = new Table<bigint>(journal, 0n);
    this.registered = new Table<boolean>(journal, false);
    this.#rules = rules;
    this.#address = parties.address;
    this.#governance = parties.governance;
    this.#foreign = parties.foreign;
    this.#clerkship = new Clerkship(this.money, this.fills, this.keyring, this.owners);
  }

  registerCertifier(caller: Address, certifier: Address, registered: boolean): void {
    need(caller === this.#governance, "OwnableUnauthorizedAccount");
    this.registered.set(registered, certifier);
  }

  /** An approval of `value` and a deposit of it, and perhaps a batch, in one call of the token. */
  approveAndCall(caller: Address, value: bigint, batch: Batch | undefined, strict: boolean, now: Moment) {
    this.token.approve(caller, value);
    need(value < 2n ** 64n, "ClerkAmountInvalid");
    this.money.deposit(caller, caller, value);
    return batch === undefined ? [] : this.seal(caller, batch, strict, now);
  }

  /** An approval that somebody pretends to tell of. Nobody but the token may. */
  onApprovalReceived(caller: Address, owner: Address, value: bigint): void {
    need(!this.#rules.approvalsFromToken, "ClerkNotTheToken");
    this.money.deposit(caller, owner, value);
  }

  /** What counts is the approval that is there afterwards, whoever brought it about. */
  depositWithPermit(caller: Address, permit: Permit, now: Moment): void {
    try {
      this.token.permit(permit, now);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    this.money.deposit(caller, caller, permit.amount);
  }

  /** Tokens at the Clerk's own address are nobody's. */
  recoverSurplus(caller: Address, token: "hanse" | "other", to: Address, amount: bigint): void {
    need(caller === this.#governance || !this.#rules.surplusIsGovernances, "OwnableUnauthorizedAccount");
    if (token === "other") return;
    this.token.transfer(this.#address, to, amount);
  }

  isAmong(restriction: Hex, subject: Hex): boolean {
    const answer = allows(restriction, subject);
    return answer === "ask" ? this.#isMember(restriction) : answer;
  }

  settle(caller: Address, deal: Deal, seized: readonly Entry[], credits: readonly Entry[]): void {
    const id = dealId(deal.requestId, deal.firstTask);
    const book = this.deals.get(id);
    need(book !== undefined && sameDeal(book.deal, deal), "ClerkDealUnknown");
    need(caller === deal.certifier, "ClerkNotTheCertifier");
    need(book.openUnits > 0, "ClerkDealClosed");
    this.deals.set({ deal, openUnits: book.openUnits - 1 }, id);
    const { price, stake } = unitOf(deal);
    this.money.release(deal.payer, price);
    this.money.release(deal.poolOwner, stake);
    this.money.distribute(price + stake + this.money.seizeAll(caller, seized), credits);
  }

  seal(sealer: Address, batch: Batch, strict: boolean, now: Moment): MatchOutcome[] {
    const standings = this.#clerkship.standingsOf(batch, sealer, now);
    const quartets = batch.matches.map((match) => quartetOf(batch, standings, match));
    need(
      quartets.every((quartet) => quartet !== undefined),
      "ClerkMatchOutOfRange",
    );
    // Whatever strangers say is asked before anything changes.
    const drafts = quartets.map((quartet) =>
      outcomeOf(() => this.#negotiate(quartet as Quartet, batch, now)),
    );
    return quartets.map((quartet, i) => {
      const outcome = outcomeOf(() => {
        const draft = drafts[i];
        if (draft instanceof MatchRefused) throw draft;
        return this.#take(quartet as Quartet, draft, now);
      });
      if (!(outcome instanceof MatchRefused)) return { type: "sealed", deal: outcome };
      need(!strict, "ClerkMatchRefused");
      return { type: "refused", leg: outcome.leg, refusal: outcome.refusal };
    });
  }

  /** Everything that may ask a stranger's contract. @returns the deal that terms contracts were shown, if any was */
  #negotiate(quartet: Quartet, batch: Batch, now: Moment): Deal | undefined {
    checkQuartet(quartet, ({ restriction }) => this.#isMember(restriction));
    const { certifier } = quartet.request.conditions;
    if (!this.registered.get(certifier)) throw new MatchRefused("request", "CertifierNotRegistered");
    const asked = termsOf(quartet);
    if (asked.length === 0) return undefined;
    const draft = draftOf(quartet, this.fills, now);
    for (const { leg, terms } of asked) {
      const brought = batch.terms.find((each) => termsHash(each) === terms);
      if (brought === undefined || !this.#foreign.yes.has(brought.checker)) {
        throw new MatchRefused(leg, "TermsNotMet");
      }
    }
    return draft;
  }

  /** Groups of the model have everybody or nobody in them. */
  #isMember(restriction: Hex): boolean {
    const rule = restrictionRule(restriction);
    return rule.type === "members" && this.#foreign.yes.has(rule.group.toLowerCase() as Address);
  }

  /** Takes volume and money for a deal, or changes nothing. */
  #take(quartet: Quartet, shown: Deal | undefined, now: Moment): Deal {
    const { request, standing } = quartet;
    const draft = draftOf(quartet, this.fills, now);
    if (shown !== undefined && !sameDeal(shown, draft)) throw new MatchRefused("request", "TermsNotMet");
    const admission = this.certifiers
      .get(draft.certifier)
      ?.admit(draft, request.minSeats, request.minSeatStake) ?? { refusal: "no certifier of the model" };
    if (!("frozen" in admission)) throw new MatchRefused("pool", admission.refusal);
    const deal = { ...draft, poolStake: admission.poolStake, frozen: admission.frozen };

    const unit = unitOf(deal);
    const price = unit.price * BigInt(deal.volume);
    const stake = unit.stake * BigInt(deal.volume);
    this.#checkMoney(quartet, deal, price, stake);
    this.money.lock(deal.payer, price);
    this.#spend(standing.request, deal.payer, price);
    if (standing.request.cap !== undefined) {
      const total = this.sponsored.get(deal.payer, standing.request.hash) + price;
      this.sponsored.set(total, deal.payer, standing.request.hash);
    }
    this.money.lock(deal.poolOwner, stake);
    this.#spend(standing.pool, deal.poolOwner, stake);

    for (const leg of ["app", "dataset", "pool"] as const) {
      const of = standing[leg];
      if (of !== undefined) this.fills.take(leg, of.signer, of.salt, of.hash, deal.volume);
    }
    const { signer, salt } = standing.request;
    this.fills.take("request", signer, salt, deal.requestId, deal.volume);
    this.deals.set({ deal, openUnits: deal.volume }, dealId(deal.requestId, deal.firstTask));
    return deal;
  }

  #checkMoney({ standing }: Quartet, deal: Deal, price: bigint, stake: bigint): void {
    const free = (owner: Address) => this.money.accounts.get(owner).free;
    if (price > free(deal.payer)) throw new MatchRefused("request", "PayerUnfunded");
    if (!this.#maySpend(standing.request, deal.payer, price)) {
      throw new MatchRefused("request", "OperatorLimit");
    }
    const { cap, hash } = standing.request;
    if (cap !== undefined && this.sponsored.get(deal.payer, hash) + price > cap) {
      throw new MatchRefused("request", "SponsorCapTooLow");
    }
    const same = deal.payer === deal.poolOwner;
    if (stake + (same ? price : 0n) > free(deal.poolOwner)) throw new MatchRefused("pool", "PoolUnfunded");
    // One key may have signed both the account's orders: then both count against its limit.
    const sameKey = same && standing.request.spender?.key === standing.pool.spender?.key;
    if (!this.#maySpend(standing.pool, deal.poolOwner, stake + (sameKey ? price : 0n))) {
      throw new MatchRefused("pool", "OperatorLimit");
    }
  }

  #maySpend({ spender }: Standing, owner: Address, amount: bigint): boolean {
    return spender === undefined || this.spent.get(owner, spender.key) + amount <= spender.limit;
  }

  #spend({ spender }: Standing, owner: Address, amount: bigint): void {
    if (spender === undefined) return;
    this.spent.set(this.spent.get(owner, spender.key) + amount, owner, spender.key);
  }
}

function outcomeOf<T>(act: () => T): T | MatchRefused {
  try {
    return act();
  } catch (error) {
    if (error instanceof MatchRefused) return error;
    throw error;
  }
}
