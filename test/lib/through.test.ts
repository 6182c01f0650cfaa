import { expect, test } from 'vitest';
import { through } from '../../src/lib/through.ts';

interface Source {
  stream: ReadableStream<number>;
  cancelled: unknown[];
}

/** Counts from 1 up to `last`, and then says no more, unless it ends or breaks. */
function counting(last: number, end: 'close' | 'error' | 'hang'): Source {
  const cancelled: unknown[] = [];
  let n = 0;
  const stream = new ReadableStream<number>(
    {
      pull: (controller) => {
        n += 1;
        if (n <= last) return controller.enqueue(n);
        if (end === 'close') return controller.close();
        if (end === 'error') return controller.error(new Error('broken'));
        return new Promise<void>(() => {});
      },
      cancel: (reason) => void cancelled.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, cancelled };
}

async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

async function* doubled(values: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const value of values) yield 2 * value;
}

test('what is made of a stream ends with it', async () => {
  const { stream, cancelled } = counting(3, 'close');
  expect(await all(through(stream, doubled))).toEqual([2, 4, 6]);
  expect(cancelled).toEqual([]);
});

test('what is made of a stream fails with it', async () => {
  await expect(all(through(counting(1, 'error').stream, doubled))).rejects.toThrow('broken');
});

test('a maker that fails gives the stream up', async () => {
  const { stream, cancelled } = counting(3, 'hang');
  const failing = through(stream, async function* (values) {
    for await (const value of values) {
      if (value === 2) throw new Error('no more');
      yield value;
    }
  });
  await expect(all(failing)).rejects.toThrow('no more');
  expect(cancelled).toHaveLength(1);
});

test.each([0, 1])('who gives it up after %i values gives up the stream', async (read) => {
  const { stream, cancelled } = counting(3, 'hang');
  const reader = through(stream, doubled).getReader();
  for (let n = 0; n < read; n += 1) await reader.read();
  await reader.cancel('enough');
  expect(cancelled).toEqual(['enough']);
});

test('it can be given up while a value is waited for', async () => {
  const { stream, cancelled } = counting(0, 'hang');
  const reader = through(stream, doubled).getReader();
  const waiting = reader.read();
  await reader.cancel('enough');
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(cancelled).toEqual(['enough']);
});
