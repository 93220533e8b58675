import { type Address, encodeAbiParameters, type Hex, keccak256, zeroHash } from "viem";
import { sealOf } from "#src/protocol/contributions.ts";
import { type Journal, Table } from "../journal.ts";
import type { OpenTask } from "../panel/task.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";

/** What a juror sealed, and at which position of all seals. */
export interface Ballot {
  readonly position: number;
  readonly answer: Hex;
  readonly salt: Hex;
}

/** An answer, in the order in which it was revealed. */
interface Vote {
  readonly position: number;
  readonly answer: Hex;
}

export interface Tally {
  /** Of several with as many votes, the one that had them first. */
  readonly leading: Hex;
  readonly votes: number;
}

/** The seal of a juror who answers so. */
export function ballotSeal(
  juror: Address,
  {
    task,
    round,
    answer,
    salt,
  }: { readonly task: Hex; readonly round: number; readonly answer: Hex; readonly salt: Hex },
): Hex {
  const digest = keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
      [round, task, answer, salt],
    ),
  );
  return sealOf(juror, digest);
}

/** What was revealed of each task. */
export class Polls {
  readonly votes: Table<readonly Vote[]>;
  readonly #rules: Rules;

  constructor(journal: Journal, rules: Rules) {
    this.votes = new Table<readonly Vote[]>(journal, []);
    this.#rules = rules;
  }

  isRevealed(task: Hex, position: number): boolean {
    return this.votes.get(task).some((vote) => vote.position === position);
  }

  answerAt(task: Hex, position: number): Hex | undefined {
    return this.votes.get(task).find((vote) => vote.position === position)?.answer;
  }

  tally(task: Hex): Tally {
    const counts = new Map<Hex, number>();
    let best: Tally = { leading: zeroHash, votes: 0 };
    for (const { answer } of this.votes.get(task)) {
      const votes = (counts.get(answer) ?? 0) + 1;
      counts.set(answer, votes);
      if (votes > best.votes) best = { leading: answer, votes };
    }
    return best;
  }

  /** Whether an answer has enough of the places drawn. */
  isDecided(task: Hex, drawn: number): boolean {
    return this.#rules.isMajority(this.tally(task).votes, drawn);
  }

  /** Opens seals of the round that is closed; what is open already is left out. */
  open(task: OpenTask, ballots: readonly Ballot[]): void {
    const votes = [...this.votes.get(task.id)];
    const before = votes.length;
    for (const { position, answer, salt } of ballots) {
      const sealed = task.book.seals[position];
      need(sealed !== undefined, "JuryBallotDiffers");
      const isOpen = votes.some((vote) => vote.position === position);
      if (isOpen && this.#rules.revealedOnce) continue;
      const { round, worker, seal } = sealed;
      need(round === task.rounds.length, "JuryRevealOver");
      need(seal === ballotSeal(worker, { task: task.id, round, answer, salt }), "JuryBallotDiffers");
      votes.push({ position, answer });
    }
    need(votes.length > before, "JuryNothingToReveal");
    this.votes.set(votes, task.id);
  }
}
