import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batchable, takeBatch } from '../../src/core/batch.ts';

const writes = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), bytes: fc.nat(100) }), {
  maxLength: 40,
});
const limits = fc.record({ items: fc.integer({ min: 1, max: 10 }), bytes: fc.integer({ min: 1, max: 300 }) });

describe('takeBatch', () => {
  it('takes some of what waits, and leaves the others', () => {
    fc.assert(
      fc.property(writes, limits, (waiting, limit) => {
        const { batch, rest } = takeBatch(waiting, limit);
        expect(new Set([...batch, ...rest])).toEqual(new Set(waiting));
        expect(batch.length + rest.length).toBe(waiting.length);
        expect(batch.length > 0).toBe(waiting.length > 0);
      }),
    );
  });

  it('keeps to the limits, except for one write that is too large by itself', () => {
    fc.assert(
      fc.property(writes, limits, (waiting, limit) => {
        const { batch } = takeBatch(waiting, limit);
        const bytes = batch.reduce((sum, write) => sum + write.bytes, 0);
        expect(batch.length).toBeLessThanOrEqual(limit.items);
        expect(batch.length <= 1 || bytes <= limit.bytes).toBe(true);
      }),
    );
  });

  it('writes no key twice at once, and each key in the order in which its writes came', () => {
    fc.assert(
      fc.property(writes, limits, (waiting, limit) => {
        const written: Batchable[] = [];
        for (let rest: Batchable[] = waiting; rest.length > 0;) {
          const taken = takeBatch(rest, limit);
          expect(new Set(taken.batch.map(({ key }) => key)).size).toBe(taken.batch.length);
          written.push(...taken.batch);
          rest = taken.rest;
        }
        for (const key of ['a', 'b', 'c', 'd', 'e']) {
          const ofKey = (list: Batchable[]): Batchable[] => list.filter((write) => write.key === key);
          expect(ofKey(written)).toEqual(ofKey(waiting));
        }
      }),
    );
  });
});
