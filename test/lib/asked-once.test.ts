import { expect, test } from 'vitest';
import { askedOnce } from '../../src/lib/asked-once.ts';

test('questions with the same key are asked once, and all are answered in their order', async () => {
  const asked: string[] = [];
  const answers = await askedOnce(
    ['b', 'a', 'B', 'b'],
    (question) => question.toLowerCase(),
    async (different) => {
      asked.push(...different);
      return different.map((question) => `${question}!`);
    },
  );
  expect(asked).toEqual(['b', 'a']);
  expect(answers).toEqual(['b!', 'a!', 'b!', 'b!']);
});
