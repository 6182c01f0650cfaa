import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turnstile } from '../../src/lib/turnstile.ts';

test('so many are in at a time, all come in, in the order in which they came, and nobody who gave up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.record({ stays: fc.nat(4), givesUp: fc.boolean() }), { maxLength: 20 }),
      async (places, visitors) => {
        const turnstile = new Turnstile(places);
        const came: number[] = [];
        let inside = 0;
        let most = 0;
        const visits = visitors.map(async ({ stays, givesUp }, index) => {
          const gone = new AbortController();
          const entering = turnstile.enter(() => gone.signal);
          if (givesUp) gone.abort(new Error('gone'));
          const leave = await entering;
          came.push(index);
          most = Math.max(most, (inside += 1));
          for (let turn = 0; turn < stays; turn += 1) await Promise.resolve();
          inside -= 1;
          leave();
        });
        const outcomes = await Promise.allSettled(visits);
        // Who found a place free did not have to wait, and did not look at the signal.
        const waiting = visitors.map(({ givesUp }, index) => givesUp && index >= places);
        expect(outcomes.map(({ status }) => status)).toEqual(waiting.map((gone) => (gone ? 'rejected' : 'fulfilled')));
        expect(came).toEqual([...came].sort((a, b) => a - b));
        expect(most).toBeLessThanOrEqual(places);
      },
    ),
  );
});
