import { type PanelGround, PanelModel } from "../panel/panel-model.ts";
import type { PanelParties } from "../panel/task.ts";
import { Enclaves } from "./enclaves.ts";
import { Results } from "./results.ts";

/** Poco by its interface: results, replicated until they are sure, or attested. */
export class PocoModel extends PanelModel {
  readonly results: Results;
  readonly enclaves: Enclaves;

  constructor(ground: PanelGround, parties: PanelParties) {
    const { rules, clerk } = ground;
    super(ground, parties, {
      trustFloor: 0,
      graceBlocks: () => rules.graceBlocks,
      // Nobody but who knows the result can tell whether it is sure.
      checkUndecided: () => undefined,
      isMissed: () => false,
    });
    this.results = new Results(rules, clerk.keyring, this.seats, this.tasks, this.settlement);
    this.enclaves = new Enclaves(rules, clerk, this.tasks, this.settlement);
  }
}
