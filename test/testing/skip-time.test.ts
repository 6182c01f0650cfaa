import { z } from 'zod';
import { expect, test } from 'vitest';
import { createApp, now, sleep, step, waitFor, workflow } from '../../src/index.ts';
import { skipTime, startService } from '../../src/testing.ts';
import { until } from '../support/until.ts';

const Answer = z.string();
const HOUR = 3_600_000;
let release: (() => void) | undefined;

class Reminders {
  @workflow()
  static async remind(): Promise<{ reply: string | undefined; hours: number }> {
    const began = await now();
    await sleep('48h');
    const reply = await waitFor('reply', { schema: Answer, timeout: '1d' });
    const ended = await now();
    return { reply, hours: Math.floor((ended - began) / HOUR) };
  }

  @workflow()
  static async work(): Promise<void> {
    await Reminders.long();
  }

  @step()
  static async long(): Promise<void> {
    await new Promise<void>((resolve) => (release = resolve));
  }
}

const app = createApp({ services: [Reminders] });

test('days pass in a moment: sleeps and timeouts end, and the run sees that they did', async () => {
  await using service = await startService({ app });
  const { body } = await service.call('POST', '/v1/workflows/Reminders.remind/runs');
  await service.skipTime('47h');
  await service.skipTime('2h');
  await service.skipTime('25h');
  const result = await service.call('GET', `/v1/runs/${body.id as string}/result?wait=20`);
  expect(result.body).toMatchObject({ status: 'succeeded', result: { hours: 74 } });
});

test('while a run is at work no time passes', async () => {
  await using service = await startService({ app });
  const { body } = await service.call('POST', '/v1/workflows/Reminders.work/runs');
  await until('the step', () => release !== undefined);
  const skipped = skipTime(service.running.database.url, '1h');
  await expect(
    Promise.race([skipped, new Promise((resolve) => setTimeout(resolve, 100, 'still waiting'))]),
  ).resolves.toBe('still waiting');
  release!();
  await skipped;
  expect(await service.call('GET', `/v1/runs/${body.id as string}`)).toMatchObject({ body: { status: 'succeeded' } });
});
