import { expect, test } from 'vitest';
import { ReaderQueue } from '../read/reader-queue.ts';

const never = new AbortController().signal;
const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Notes in `taken` who got a thread, in order. */
function join(queue: ReaderQueue<string>, taken: string[], name: string, signal = never): void {
  void queue.take(name.startsWith('long') ? 'long' : 'first', signal).then(
    () => taken.push(name),
    () => taken.push(`${name} left`),
  );
}

test('documents are read in the order in which they came', async () => {
  const queue = new ReaderQueue(['a', 'b']);
  const taken: string[] = [];
  for (const name of ['one', 'two', 'three', 'four']) join(queue, taken, name);
  await turnOfLoop();
  expect(taken).toEqual(['one', 'two']);
  queue.giveBack('b', 'first');
  queue.giveBack('a', 'first');
  await turnOfLoop();
  expect(taken).toEqual(['one', 'two', 'three', 'four']);
});

test('slow documents have one thread, and the others have the rest', async () => {
  const queue = new ReaderQueue(['a', 'b']);
  const taken: string[] = [];
  for (const name of ['long 1', 'long 2', 'long 3', 'one', 'two', 'three']) join(queue, taken, name);
  await turnOfLoop();
  expect(taken).toEqual(['long 1', 'one']);
  queue.giveBack('b', 'first');
  await turnOfLoop();
  expect(taken.at(-1)).toBe('two');
  queue.giveBack('a', 'long');
  await turnOfLoop();
  expect(taken.at(-1)).toBe('long 2');
  queue.giveBack('b', 'first');
  queue.giveBack('a', 'long');
  await turnOfLoop();
  expect(taken).toEqual(['long 1', 'one', 'two', 'long 2', 'three', 'long 3']);
});

test('who gives up leaves the queue, and nobody waits for him', async () => {
  const queue = new ReaderQueue(['a']);
  const taken: string[] = [];
  const gone = new AbortController();
  join(queue, taken, 'one');
  join(queue, taken, 'two', gone.signal);
  join(queue, taken, 'three');
  gone.abort();
  await turnOfLoop();
  expect(taken).toEqual(['one', 'two left']);
  join(queue, taken, 'four', gone.signal);
  await turnOfLoop();
  queue.giveBack('a', 'first');
  await turnOfLoop();
  expect(taken).toEqual(['one', 'two left', 'four left', 'three']);
});
