import { expect, test } from 'vitest';
import { RetryableError, step, stepContext, TerminalError, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Flaky {
  static seen: { attempt: number; key: string | undefined; at: number }[] = [];
  static fate: (attempt: number) => void = () => {};

  @workflow()
  static async run(): Promise<number> {
    return Flaky.work();
  }

  @workflow()
  static async branches(): Promise<string> {
    try {
      await Flaky.work();
      return 'fine';
    } catch (error) {
      const { code, details } = error as { code: string; details: unknown };
      return `${code} ${JSON.stringify(details)}`;
    }
  }

  @workflow()
  static async slow(): Promise<boolean> {
    return Flaky.hang();
  }

  @step({ retries: { attempts: 4, backoff: { initial: 5, factor: 1 } } })
  static async work(): Promise<number> {
    const { attempt, idempotencyKey } = stepContext();
    Flaky.seen.push({ attempt, key: idempotencyKey, at: Date.now() });
    Flaky.fate(attempt);
    return attempt;
  }

  /** Hangs the first time, until its signal says that the time is up. */
  @step({ retries: { attempts: 2, backoff: { initial: 1 } }, timeout: '100ms' })
  static async hang(): Promise<boolean> {
    const { attempt, signal } = stepContext();
    if (attempt > 1) return true;
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    return false;
  }
}

const served = serve({ services: [Flaky] });

function willThrow(errors: Error[]): void {
  Flaky.seen = [];
  Flaky.fate = () => {
    const error = errors.shift();
    if (error) throw error;
  };
}

test('a step is tried again until it succeeds, with one key for all attempts', async () => {
  willThrow([new Error('one'), new Error('two')]);
  expect(await served.run('Flaky.run')).toMatchObject({ status: 'succeeded', result: 3 });
  expect(Flaky.seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(new Set(Flaky.seen.map(({ key }) => key)).size).toBe(1);
  expect(Flaky.seen[0]!.key).toMatch(/^hf_/);
  willThrow([]);
  const before = Flaky.seen[0]?.key;
  await served.run('Flaky.run');
  expect(Flaky.seen[0]!.key).not.toBe(before);
});

test('an error that is final is not followed by another attempt', async () => {
  willThrow([new TerminalError('no_hope', 'never')]);
  expect(await served.run('Flaky.run')).toMatchObject({ status: 'failed', error: { code: 'no_hope' } });
  expect(Flaky.seen).toHaveLength(1);
});

test('the wait that a provider asks for is waited', async () => {
  willThrow([new RetryableError('busy', 'later', { retryAfterMs: 250 })]);
  expect(await served.run('Flaky.run')).toMatchObject({ status: 'succeeded' });
  expect(Flaky.seen[1]!.at - Flaky.seen[0]!.at).toBeGreaterThanOrEqual(249);
});

test('after the last attempt the workflow sees the code and the details, live as after a replay', async () => {
  willThrow(Array.from({ length: 4 }, () => Object.assign(new Error('always'), { code: 'stuck', details: { at: 3 } })));
  const run = await served.run('Flaky.branches');
  expect(run).toMatchObject({ status: 'succeeded', result: 'stuck {"at":3}' });
  const { body } = await served.call<{ items: unknown[] }>('GET', `/v1/runs/${String(run.id)}/steps`);
  expect(body.items).toMatchObject([{ status: 'failed', attempts: 4, error: { code: 'stuck', details: { at: 3 } } }]);
});

test('an attempt whose time is up is told, and followed by another', async () => {
  const run = await served.run('Flaky.slow');
  expect(run).toMatchObject({ status: 'succeeded', result: true });
  const rows = await served.database.query('SELECT code, attempt FROM holdfast.attempts WHERE run_id = $1', [run.id]);
  expect(rows).toEqual([{ code: 'step_timeout', attempt: 1 }]);
});

test('outside of a run a step is a method with attempts', async () => {
  willThrow([new Error('once')]);
  expect(await Flaky.work()).toBe(2);
  expect(Flaky.seen.map(({ key }) => key)).toEqual([undefined, undefined]);
});
