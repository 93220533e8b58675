import type { Address } from "viem";
import { ClerkModel, type ForeignContracts } from "./clerk/clerk-model.ts";
import { Journal } from "./journal.ts";
import { JuryModel } from "./jury/jury-model.ts";
import { PocoModel } from "./poco/poco-model.ts";
import { RULES, type Rules } from "./rules.ts";
import { SeedSourceModel } from "./seed-source-model.ts";

/** The contracts that are spoken of. */
export interface Places {
  readonly clerk: Address;
  readonly till: Address;
  readonly poco: Address;
  readonly jury: Address;
}

export interface Parties {
  readonly governance: Address;
  readonly treasury: Address;
  readonly places: Places;
  readonly foreign: ForeignContracts;
}

/** The market's whole law: what is accepted, what is refused and why, and what everybody then has. */
export class LawModel {
  readonly journal = new Journal();
  readonly seeds = new SeedSourceModel(this.journal);
  readonly clerk: ClerkModel;
  readonly poco: PocoModel;
  readonly jury: JuryModel;

  constructor({ governance, treasury, places, foreign }: Parties, rules: Rules = RULES) {
    const { journal, seeds } = this;
    const { clerk: address, till, poco, jury } = places;
    const clerk = new ClerkModel(journal, rules, { governance, address, till, foreign });
    const ground = { journal, rules, clerk, seeds };
    this.clerk = clerk;
    this.poco = new PocoModel(ground, { certifier: poco, treasury, governance });
    this.jury = new JuryModel(ground, { certifier: jury, treasury, governance });
    clerk.certifiers.set(poco, this.poco);
    clerk.certifiers.set(jury, this.jury);
  }
}
