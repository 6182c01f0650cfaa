// A heap hands out what was put into it in order, whatever comes in between.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/lib/heap.ts';

test('the first one is always the smallest', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer())), (given) => {
      const heap = new Heap<number>((a, b) => a - b);
      const left: number[] = [];
      for (const item of given) {
        if (item !== null) heap.push(item);
        if (item !== null) left.push(item);
        left.sort((a, b) => a - b);
        const popped = item === null ? [heap.pop(), left.shift()] : [];
        expect(popped[0]).toBe(popped[1]);
        expect(heap.peek()).toBe(left[0]);
      }
    }),
  );
});
