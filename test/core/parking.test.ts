import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWorthParking, mergeWaits, SHORTEST_PARKING_MS, type Wait } from '../../src/core/parking.ts';

const until = fc.option(fc.nat(10_000), { nil: undefined });
const wait: fc.Arbitrary<Wait> = fc.oneof(
  fc.record({ kind: fc.constant('timer' as const), until }),
  fc.record({ kind: fc.constant('message' as const), topic: fc.constantFrom('a', 'b', 'c'), until }),
  fc.record({ kind: fc.constant('run' as const), runId: fc.constantFrom('x', 'y'), until }),
);

describe('mergeWaits', () => {
  it('wakes at the first end of any, for any of the messages, and for any of the runs', () => {
    fc.assert(
      fc.property(fc.array(wait), (waits) => {
        const merged = mergeWaits(waits);
        const ends = waits.map((each) => each.until).filter((end) => end !== undefined);
        expect(merged.until).toBe(ends.length > 0 ? Math.min(...ends) : undefined);
        const topics = waits.flatMap((each) => (each.kind === 'message' ? [each.topic] : []));
        expect(merged.topics).toEqual([...new Set(topics)]);
        const runIds = waits.flatMap((each) => (each.kind === 'run' ? [each.runId] : []));
        expect(merged.runIds).toEqual([...new Set(runIds)]);
      }),
    );
  });

  it('is the same in whatever order the waits began', () => {
    fc.assert(
      fc.property(fc.array(wait), (waits) => {
        const sorted = ({ until: end, topics, runIds }: ReturnType<typeof mergeWaits>) => {
          return { end, topics: topics.toSorted(), runIds: runIds.toSorted() };
        };
        expect(sorted(mergeWaits(waits.toReversed()))).toEqual(sorted(mergeWaits(waits)));
      }),
    );
  });
});

describe('isWorthParking', () => {
  it('parks for what may take long, and never for nothing at all', () => {
    fc.assert(
      fc.property(fc.array(wait), fc.nat(10_000), (waits, now) => {
        const merged = mergeWaits(waits);
        const endsSoon = merged.until !== undefined && merged.until < now + SHORTEST_PARKING_MS;
        const wakes = merged.until !== undefined || merged.topics.length > 0 || merged.runIds.length > 0;
        expect(isWorthParking(merged, now)).toBe(wakes && !endsSoon);
      }),
    );
  });
});
