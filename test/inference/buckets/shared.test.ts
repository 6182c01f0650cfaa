// Processes that share an endpoint keep to its limits together, with few statements, and give back what they do not use.

import { expect, test } from 'vitest';
import { RetryableError, TerminalError } from '../../../src/core/errors.ts';
import { until } from '../../support/until.ts';
import { answered, processesOfFile } from './support.ts';

const shared = processesOfFile();

const level = async (kind = 'endpoint') =>
  (
    await shared.database.query(
      'SELECT *, requests_left::float8 AS requests_left, tokens_left::float8 AS tokens_left FROM holdfast.buckets WHERE kind = $1',
      [kind],
    )
  )[0];

test('two processes that call as fast as they can keep to the rate together', async () => {
  const limits = { rpm: 1200 };
  const both = [await shared.start('a', limits), await shared.start('b', limits)];
  const startedAt = performance.now();
  let calls = 0;
  const over = new AbortController();
  const loops = both.flatMap((each) =>
    Array.from({ length: 10 }, async () => {
      while (!over.signal.aborted) {
        const passage = await each.enter({ signal: over.signal }).catch(() => undefined);
        if (!passage) return;
        calls += 1;
        passage.ended(answered(0));
      }
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 2000));
  over.abort();
  await Promise.all(loops);
  const elapsed = performance.now() - startedAt;
  const most = ((elapsed + 5000) / 60_000) * 1200;
  expect(calls).toBeLessThanOrEqual(most);
  expect(calls).toBeGreaterThanOrEqual(most * 0.9);
});

test('with a lease in hand a call does not ask the database; there is a statement for 20 calls at most', async () => {
  const { enter, statements } = await shared.start('a', { rpm: 600_000, tpm: 60_000_000 });
  for (let n = 0; n < 3000; n += 1) {
    (await enter({ tokens: 100 })).ended(answered(100));
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const before = statements();
  for (let n = 0; n < 3000; n += 1) {
    (await enter({ tokens: 100 })).ended(answered(100));
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(statements() - before).toBeLessThanOrEqual(3000 / 20);
});

test('without limits nothing is asked', async () => {
  const { enter, statements } = await shared.start('a', {});
  (await enter()).ended(answered(5));
  expect(statements()).toBe(0);
});

test('what a call did not use is given back, and so is everything when a process ends', async () => {
  const one = await shared.start('a', { rpm: 60, tpm: 60_000 });
  const passage = await one.enter({ tokens: 4000 });
  expect((await level()).tokens_left).toBeLessThanOrEqual(1100);
  passage.ended(answered(100));
  await until('the rest to come back', async () => (await level()).tokens_left >= 4850);
  const failed = await one.enter({ tokens: 4000 });
  failed.ended({ kind: 'failed', error: new TerminalError('budget_exceeded', 'No money.') });
  await one.close();
  expect(await level()).toMatchObject({ tokens_left: expect.toSatisfy((left: number) => left >= 4850) });
  expect((await level()).requests_left).toBeGreaterThanOrEqual(4);
});

test('a refusal of the provider holds up all processes, and makes them slower', async () => {
  const limits = { rpm: 6000 };
  const [a, b] = [await shared.start('a', limits), await shared.start('b', limits)];
  (await b.enter()).ended(answered(0));
  const error = new RetryableError('model_rate_limited', 'Too many.', { retryAfterMs: 700 });
  (await a.enter()).ended({ kind: 'failed', error });
  await until('the refusal to be known', async () => (await level()).blocked_until !== null);
  // What it has in advance it may still use.
  await until('the other one to wait', async () => {
    const startedAt = performance.now();
    (await b.enter()).ended(answered(0));
    return performance.now() - startedAt > 50;
  });
  const { rate, blocked_until: blocked } = await level();
  expect(rate).toBeGreaterThanOrEqual(0.69);
  expect(rate).toBeLessThan(0.75);
  expect(blocked).toBeNull();
});

test('what the provider says is left counts', async () => {
  const { enter } = await shared.start('a', { rpm: 600 });
  (await enter()).ended(answered(0, { 'x-ratelimit-remaining-requests': '2' }));
  await until('the bucket to know', async () => (await level()).requests_left < 25);
});

test('no more calls at a time than are allowed, over all processes; those of a dead one are free again', async () => {
  const limits = { concurrency: 4 };
  const [a, b] = [await shared.start('a', limits), await shared.start('b', limits)];
  const passages = await Promise.all([a.enter(), b.enter(), a.enter(), b.enter()]);
  let late = 0;
  const waiting = [a.enter(), b.enter()].map((entered) =>
    entered.then((passage) => {
      late += 1;
      return passage;
    }),
  );
  await until('both to wait', async () => (await level()).waiting === 2);
  expect(late).toBe(0);
  passages[0].ended(answered(0));
  await until('one to enter', () => late === 1);
  expect((await level()).waiting).toBe(1);
  passages[1].ended(answered(0));
  for (const passage of [...(await Promise.all(waiting)), ...passages.slice(2)]) passage.ended(answered(0));
  await until('all to be free', async () => (await level()).calls_allotted === 0);
});

test('limits that change count for the next call', async () => {
  const one = await shared.start('a', { rpm: 60 });
  (await one.enter()).ended(answered(0));
  one.limit({ rpm: 120 });
  (await one.enter()).ended(answered(0));
  await until('the new limit', async () => (await level()).rpm === 120);
});

test('a tenant with a limit of its own keeps to it, and holds up nobody else', async () => {
  const one = await shared.start('a', { rpm: 60_000 }, { small: { rpm: 60 } });
  const over = new AbortController();
  let small = 0;
  const loop = (async () => {
    for (;;) {
      const passage = await one.enter({ tenant: 'small', signal: over.signal }).catch(() => undefined);
      if (!passage) return;
      small += 1;
      passage.ended(answered(0));
    }
  })();
  await until('the tenant to wait', async () => (await level('tenant'))?.waiting > 0);
  const startedAt = performance.now();
  for (let n = 0; n < 200; n += 1) (await one.enter({ tenant: 'large' })).ended(answered(0));
  // They are paid from what the process has in advance.
  expect(performance.now() - startedAt).toBeLessThan(1500);
  over.abort();
  await loop;
  expect(small).toBeLessThanOrEqual(5 + (performance.now() - startedAt) / 1000 + 3);
});

test('who is cancelled while it waits leaves nothing behind', async () => {
  const one = await shared.start('a', { rpm: 6 });
  (await one.enter()).ended(answered(0));
  const over = new AbortController();
  const waiting = one.enter({ signal: over.signal });
  await until('it to wait', async () => (await level()).waiting === 1);
  over.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  await until('its place to be gone', async () => (await level()).waiting === 0);
});
