// Questions that are the same are asked once.

/** Returns the answer of `ask` to each question. Of those with the same `keyOf` it gets the first one. */
export async function askedOnce<Question, Answer>(
  questions: readonly Question[],
  keyOf: (question: Question) => string,
  ask: (different: Question[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const different = new Map<string, Question>();
  for (const question of questions) {
    const key = keyOf(question);
    if (!different.has(key)) different.set(key, question);
  }
  const answers = await ask([...different.values()]);
  const byKey = new Map([...different.keys()].map((key, index) => [key, answers[index]!]));
  return questions.map((question) => byKey.get(keyOf(question))!);
}
