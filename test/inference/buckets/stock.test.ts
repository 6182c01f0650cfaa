// On the SDK's own engine, which parks nothing, calls wait for room in memory.

import { generateText } from 'ai';
import { expect, test } from 'vitest';
import { model, step, workflow } from '../../../src/index.ts';
import { scriptedModel } from '../../../src/testing.ts';
import { serve } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

class Patient {
  @step({ retries: { attempts: 1 } })
  static async ask(): Promise<string> {
    return (await generateText({ model: model('small'), prompt: 'Go.', maxRetries: 0 })).text;
  }

  @workflow()
  static async call(): Promise<string> {
    return Patient.ask();
  }
}

const slow = { model: scriptedModel(() => ({ text: 'Done.' })), rpm: 60 };
const served = serve(
  { services: [Patient], models: { endpoints: { slow }, classes: { small: ['slow'] } } },
  { config: { engine: 'stock' } },
);

test('runs that have to wait go on when there is room, and what there is shows at /v1/buckets', async () => {
  const runs = await Promise.all(Array.from({ length: 7 }, () => served.run('Patient.call')));
  expect(runs.map(({ status }) => status)).toEqual(runs.map(() => 'succeeded'));
  expect(await served.database.query('SELECT FROM holdfast.attempts')).toEqual([]);
  const items = await until('nothing to be left', async () => {
    const { body } = await served.call<{ items: { granted: number }[] }>('GET', '/v1/buckets');
    return body.items[0]!.granted === 0 && body.items;
  });
  expect(items).toEqual([
    {
      kind: 'endpoint',
      name: 'slow',
      rpm: 60,
      tpm: null,
      concurrency: null,
      rate: 1,
      blockedUntil: null,
      requestsLeft: expect.any(Number),
      tokensLeft: null,
      callsAllotted: null,
      waiting: 0,
      granted: 0,
      oldestAt: null,
    },
  ]);
});
