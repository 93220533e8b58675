import { type PanelGround, PanelModel } from "../panel/panel-model.ts";
import type { PanelParties } from "../panel/task.ts";
import { need } from "../refusal.ts";
import { Polls } from "./polls.ts";
import { Rulings } from "./rulings.ts";

/** The Jury by its interface: answers that could be guessed, sealed, revealed and counted. */
export class JuryModel extends PanelModel {
  readonly polls: Polls;
  readonly rulings: Rulings;

  constructor(ground: PanelGround, parties: PanelParties) {
    const { journal, rules } = ground;
    const polls = new Polls(journal, rules);
    super(ground, parties, {
      // Where nobody would be drawn, nobody could rule.
      trustFloor: rules.juryTrustFloor,
      graceBlocks: (roundBlocks) => rules.juryGraceBlocks(roundBlocks),
      checkUndecided: (task, now) =>
        need(!polls.isDecided(task.id, this.tasks.draws.places(task, now)), "JuryDecided"),
      isMissed: ({ id }, position) => rules.silenceIsMissed && !polls.isRevealed(id, position),
    });
    this.polls = polls;
    this.rulings = new Rulings(rules, this.seats, this.tasks, polls, this.settlement);
  }
}
