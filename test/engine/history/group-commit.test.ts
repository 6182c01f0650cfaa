import { expect, test } from 'vitest';
import { GroupCommit } from '../../../src/engine/history/group-commit.ts';

/** Writes words; the statements that were made, and how each of them ends. */
function wordWriter(options: { refused?: string; poison?: string } = {}) {
  const statements: string[][] = [];
  const group = new GroupCommit<string, string>({
    keyOf: (word) => word,
    bytesOf: (word) => word.length,
    writeMany: async (words) => {
      statements.push(words);
      await new Promise((resolve) => setImmediate(resolve));
      if (words.includes(options.poison ?? '')) throw new Error('the group failed');
      return words.map((word) => (word === options.refused ? undefined : `${word} with others`));
    },
    writeOne: async (word) => {
      statements.push([word]);
      if (word === options.poison) throw new Error(`${word} failed`);
      return `${word} alone`;
    },
  });
  return { group, statements };
}

test('what is written at the same time is one statement, and a single write is by itself', async () => {
  const { group, statements } = wordWriter();
  expect(await Promise.all(['a', 'b', 'c'].map((word) => group.write(word)))).toEqual([
    'a with others',
    'b with others',
    'c with others',
  ]);
  expect(await group.write('d')).toBe('d alone');
  expect(statements).toEqual([['a', 'b', 'c'], ['d']]);
});

test('what comes while a statement is under way waits for the next one', async () => {
  const { group, statements } = wordWriter();
  const first = [group.write('a'), group.write('b')];
  await new Promise((resolve) => setImmediate(resolve));
  const second = [group.write('c'), group.write('d'), group.write('e')];
  await Promise.all([...first, ...second]);
  expect(statements).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
});

test('what a statement leaves out is written by itself', async () => {
  const { group } = wordWriter({ refused: 'b' });
  expect(await Promise.all(['a', 'b'].map((word) => group.write(word)))).toEqual(['a with others', 'b alone']);
});

test('one bad write fails alone', async () => {
  const { group } = wordWriter({ poison: 'b' });
  const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((word) => group.write(word)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(group.write('b')).rejects.toThrow('b failed');
  expect(await group.write('d')).toBe('d alone');
});

test('many who write in step become two groups', async () => {
  const { group, statements } = wordWriter();
  const write = async (word: string): Promise<void> => {
    for (let round = 0; round < 3; round += 1) await group.write(`${word}${round}`);
  };
  await Promise.all(Array.from({ length: 200 }, (_, n) => write(`${n}.`)));
  expect(statements.map(({ length }) => length)).toEqual([100, 100, 100, 100, 100, 100]);
});

test('a group of usual size stays whole', async () => {
  const { group, statements } = wordWriter();
  await Promise.all(Array.from({ length: 40 }, (_, n) => group.write(`${n}`)));
  expect(statements.map(({ length }) => length)).toEqual([40]);
});

test('a write that waits for a lock holds up no group', async () => {
  const lock = Promise.withResolvers<void>();
  const group = new GroupCommit<string, string>({
    keyOf: (word) => word,
    bytesOf: (word) => word.length,
    writeMany: async (words) => words.map((word) => (word.startsWith('locked') ? undefined : word)),
    writeOne: async (word) => {
      if (word.startsWith('locked')) await lock.promise;
      return word;
    },
  });
  const locked: Promise<string>[] = [];
  // More often than there may be statements at a time.
  for (let n = 0; n < 5; n += 1) {
    locked.push(group.write(`locked ${n}`));
    expect(await group.write(`free ${n}`)).toBe(`free ${n}`);
  }
  lock.resolve();
  expect(await Promise.all(locked)).toEqual(locked.map((_, n) => `locked ${n}`));
});
