import { expect, test } from 'vitest';
import { BodyWatch, type CancellationWatch } from '../../../src/engine/history/body-watch.ts';
import { Execution } from '../../../src/engine/history/execution.ts';

/** What became of the watches that were begun. */
function watches() {
  const made: string[] = [];
  const begin = (): CancellationWatch => {
    const index = made.push('watching') - 1;
    const { signal } = new AbortController();
    return { signal, cancelled: false, release: () => void (made[index] = 'released') };
  };
  return { made, begin };
}

test('nobody watches for a body that does not look at its signal', () => {
  const execution = new Execution('run', 'token', true);
  const { made, begin } = watches();
  const watch = new BodyWatch(execution, begin);
  expect(execution.isBusy).toBe(true);
  watch.release();
  watch.release();
  expect(execution.isBusy).toBe(false);
  expect(made).toEqual([]);
});

test('a watch lasts as long as its body', () => {
  const execution = new Execution('run', 'token', true);
  const { made, begin } = watches();
  const watch = new BodyWatch(execution, begin);
  expect(watch.signal).toBe(watch.signal);
  expect([made, execution.watches.size]).toEqual([['watching'], 1]);
  watch.release();
  expect([made, execution.watches.size]).toEqual([['released'], 0]);
});

test('whoever looks too late does not begin to watch', async () => {
  const execution = new Execution('run', 'token', true);
  const { made, begin } = watches();
  const ended = new BodyWatch(execution, begin);
  ended.release();
  expect(ended.signal.aborted).toBe(false);
  const left = new BodyWatch(execution, begin);
  await execution.park(async () => true);
  expect(left.signal.aborted).toBe(false);
  expect(made).toEqual(['released', 'released']);
  expect(execution.watches.size).toBe(0);
});
