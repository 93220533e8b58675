/** Questions that a node is asked at once. */
const AT_ONCE = 200;

/** Asks about many things, so many at a time. @returns the answers in the order of the questions */
export async function inBatches<Question, Answer>(
  questions: readonly Question[],
  ask: (question: Question) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < questions.length; from += AT_ONCE) {
    answers.push(...(await Promise.all(questions.slice(from, from + AT_ONCE).map(ask))));
  }
  return answers;
}
