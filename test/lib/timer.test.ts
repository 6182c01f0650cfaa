import { afterEach, expect, test, vi } from 'vitest';
import { pause } from '../../src/lib/pause.ts';
import { startTimer } from '../../src/lib/timer.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

afterEach(() => void vi.useRealTimers());

test.each([0, 1, 2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 365 * DAY_MS])('a timer of %i ms fires then, and once', (ms) => {
  vi.useFakeTimers();
  const fired = vi.fn<() => void>();
  startTimer(ms, fired);
  vi.advanceTimersByTime(Math.max(0, ms - 1));
  expect(fired).toHaveBeenCalledTimes(ms === 0 ? 1 : 0);
  vi.advanceTimersByTime(1);
  expect(fired).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('a timer that was stopped does not fire, at whichever part of its time it was', () => {
  vi.useFakeTimers();
  const fired = vi.fn<() => void>();
  const stops = [startTimer(30 * DAY_MS, fired), startTimer(30 * DAY_MS, fired)];
  stops[0]!();
  vi.advanceTimersByTime(29 * DAY_MS);
  stops[1]!();
  vi.advanceTimersByTime(2 * DAY_MS);
  expect(fired).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('a pause of a month goes on until its signal ends it', async () => {
  const stopping = new AbortController();
  const paused = pause(30 * DAY_MS, stopping.signal);
  const first = await Promise.race([paused.then(() => 'over'), pause(20).then(() => 'still going')]);
  expect(first).toBe('still going');
  const reason = new Error('stopped');
  stopping.abort(reason);
  await expect(paused).rejects.toBe(reason);
  await expect(pause(1, stopping.signal)).rejects.toBe(reason);
});
