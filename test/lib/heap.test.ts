// A heap hands out what was put into it in order, whatever comes in between.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/lib/heap.ts';

test('the first one is always the smallest', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer())), (given) => {
      const heap = new Heap<number>((a, b) => a - b);
      let left: number[] = [];
      for (const item of given) {
        if (item === null) {
          const [first, ...others] = left;
          expect(heap.pop()).toBe(first);
          left = others;
        } else {
          heap.push(item);
          left = [...left, item].sort((a, b) => a - b);
        }
        expect(heap.peek()).toBe(left[0]);
      }
    }),
  );
});
