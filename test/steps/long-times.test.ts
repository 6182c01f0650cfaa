import { expect, test } from 'vitest';
import { RetryableError, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

class Patient {
  static tries: string[] = [];

  @workflow()
  static async slow(): Promise<string> {
    return Patient.rest();
  }

  @workflow()
  static async busy(): Promise<void> {
    await Patient.refused();
  }

  @workflow()
  static async busyForLong(): Promise<void> {
    await Patient.refusedForLong();
  }

  @step({ timeout: '30d' })
  static async rest(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return 'rested';
  }

  @step({ retries: { attempts: 3, backoff: { initial: 1 } } })
  static async refused(): Promise<void> {
    Patient.tries.push('busy');
    throw new RetryableError('busy', 'Not this month.', { retryAfterMs: MONTH_MS });
  }

  @step({ retries: { attempts: 3, backoff: { initial: 1, max: '2h' } } })
  static async refusedForLong(): Promise<void> {
    Patient.tries.push('busyForLong');
    throw new RetryableError('busy', 'Not this month.', { retryAfterMs: MONTH_MS });
  }
}

const served = serve({ services: [Patient] });

test('a step may have a month', async () => {
  expect(await served.run('Patient.slow')).toMatchObject({ status: 'succeeded', result: 'rested' });
});

test.each([
  ['busy', 60 * 60 * 1000],
  ['busyForLong', 2 * 60 * 60 * 1000],
])('%s: whoever asks for a month is asked again after an hour, or what the step says', async (name, expected) => {
  const { body } = await served.call<{ id: string }>('POST', `/v1/workflows/Patient.${name}/runs`);
  const waits = await until('the failed attempt', async () => {
    const rows = await served.database.query('SELECT retry_in_ms FROM holdfast.attempts WHERE run_id = $1', [body.id]);
    return rows.length > 0 && rows;
  });
  expect(waits).toEqual([{ retry_in_ms: expected }]);
  await served.call('POST', `/v1/runs/${body.id}/cancel`);
  await until('the end', async () => {
    const run = await served.call<{ status: string }>('GET', `/v1/runs/${body.id}`);
    return run.body.status === 'cancelled';
  });
  expect(Patient.tries.filter((tried) => tried === name)).toHaveLength(1);
});
