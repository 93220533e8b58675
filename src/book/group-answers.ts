import type { GroupQuestion } from "#src/protocol/match-rules.ts";

/** What group contracts answered, as long as it is believed. */
export interface GroupAnswers {
  /** @returns whether a no became a yes: what was refused for it may match now */
  set(question: GroupQuestion, member: boolean): boolean;
  /** @returns the questions still open, or undefined when one was answered with no */
  open(questions: readonly GroupQuestion[]): readonly GroupQuestion[] | undefined;
  clear(): void;
}

export function createGroupAnswers(): GroupAnswers {
  const answers = new Map<string, boolean>();
  const key = ({ restriction, subject }: GroupQuestion) => (restriction + subject).toLowerCase();
  return {
    set(question, member) {
      const before = answers.get(key(question));
      answers.set(key(question), member);
      return before === false && member;
    },
    open(questions) {
      if (questions.length === 0) return questions;
      const open = questions.filter((question) => answers.get(key(question)) === undefined);
      return questions.some((question) => answers.get(key(question)) === false) ? undefined : open;
    },
    clear() {
      answers.clear();
    },
  };
}
