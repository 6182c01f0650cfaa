import { describe, expect, it } from 'vitest';
import { DatabaseClock } from '../../src/engine/clock.ts';

const HOUR_MS = 3_600_000;

/** How far the clock is ahead of ours. */
const ahead = (clock: DatabaseClock): number => clock.now() - Date.now();

describe('DatabaseClock', () => {
  it('is ours until the database was asked', () => {
    expect(Math.abs(ahead(new DatabaseClock()))).toBeLessThan(100);
  });

  it("is the database's from then on, however wrong ours is", () => {
    const clock = new DatabaseClock();
    const at = performance.now();
    clock.sync(Date.now() + HOUR_MS, at, at);
    expect(Math.abs(ahead(clock) - HOUR_MS)).toBeLessThan(100);
  });

  it('believes a quick answer more than a slow one that comes after it', () => {
    const clock = new DatabaseClock();
    const at = performance.now();
    clock.sync(Date.now() + HOUR_MS, at - 1, at);
    clock.sync(Date.now() + HOUR_MS + 300, at - 600, at);
    expect(Math.abs(ahead(clock) - HOUR_MS)).toBeLessThan(100);
    clock.sync(Date.now() + HOUR_MS + 300, at - 0.5, at);
    expect(Math.abs(ahead(clock) - HOUR_MS - 300)).toBeLessThan(100);
  });

  it("follows when the database's clock is set", () => {
    const clock = new DatabaseClock();
    const at = performance.now();
    clock.sync(Date.now(), at, at);
    clock.sync(Date.now() - HOUR_MS, at - 600, at);
    expect(Math.abs(ahead(clock) + HOUR_MS)).toBeLessThan(400);
  });
});
