import { expect, test } from 'vitest';
import { Gate } from '../../src/engine/drain.ts';

const pending = Symbol('pending');

/** What the promise has come to by now. */
function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, new Promise((resolve) => setTimeout(() => resolve(pending), 20))]);
}

test('who is inside when the gate closes is let out, with a result or an error', async () => {
  const gate = new Gate();
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const one = gate.pass(() => first.promise);
  const two = gate.pass(() => second.promise);
  const closed = gate.close(10_000);
  first.resolve('done');
  expect(await one).toBe('done');
  expect(await stateOf(closed)).toBe(pending);
  second.reject(new Error('broke'));
  await expect(two).rejects.toThrow('broke');
  expect(await closed).toBe(0);
});

test('who comes after the gate closed neither runs nor returns', async () => {
  const gate = new Gate();
  expect(await gate.close(0)).toBe(0);
  let ran = false;
  const late = gate.pass(async () => (ran = true));
  expect(await stateOf(late)).toBe(pending);
  expect(ran).toBe(false);
});

test('the gate waits no longer than the grace period, and says who is left', async () => {
  const gate = new Gate();
  void gate.pass(() => new Promise(() => {}));
  void gate.pass(() => new Promise(() => {}));
  expect(await gate.close(10)).toBe(2);
});

test('who waits for something inside is told that the gate closes, and can give up without an outcome', async () => {
  const gate = new Gate();
  const waiting = gate.pass(async () => {
    await new Promise<void>((resolve) => gate.closing.addEventListener('abort', () => resolve()));
    return gate.abandon();
  });
  expect(await gate.close(10_000)).toBe(0);
  expect(await stateOf(waiting)).toBe(pending);
});
