import type { Address } from "viem";
import { ClerkModel, type ForeignContracts } from "./clerk/clerk-model.ts";
import { Journal } from "./journal.ts";
import { PocoModel } from "./poco/poco-model.ts";
import { RULES, type Rules } from "./rules.ts";

export interface Parties {
  readonly governance: Address;
  readonly treasury: Address;
  readonly till: Address;
  readonly poco: Address;
  readonly foreign: ForeignContracts;
}

/** The market's whole law: what is accepted, what is refused and why, and what everybody then has. */
export class LawModel {
  readonly journal = new Journal();
  readonly clerk: ClerkModel;
  readonly poco: PocoModel;

  constructor(parties: Parties, rules: Rules = RULES) {
    const { governance, treasury, poco } = parties;
    this.clerk = new ClerkModel(this.journal, rules, parties);
    this.poco = new PocoModel(this.journal, rules, this.clerk, { certifier: poco, treasury, governance });
    this.clerk.certifiers.set(poco, this.poco);
  }
}
