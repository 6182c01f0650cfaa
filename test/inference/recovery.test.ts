// The only endpoint of a class is out for longer than a step's attempts would take: runs wait until it is tried again, as long as they may.

import { generateText, streamText } from 'ai';
import { afterAll, expect, test } from 'vitest';
import { model, step, stepContext, workflow } from '../../src/index.ts';
import { until } from '../support/until.ts';
import { FaultyEndpoint } from './support/faulty-endpoint.ts';
import { serveWithModels } from './support/with-models.ts';

const BACKOFF = { initial: 1, max: 5 };
/** As many failures as there are attempts: the first of them have the endpoint left alone. */
const QUICKLY = { attempts: 6, backoff: BACKOFF };

class Office {
  @workflow()
  static async listen(): Promise<string> {
    return Office.speech();
  }

  @step({ retries: QUICKLY })
  static async speech(): Promise<string> {
    return streamText({ ...asking(), onError: () => {} }).text;
  }

  @workflow()
  static async hurry(): Promise<string> {
    return Office.hurried();
  }

  @step({ retries: { ...QUICKLY, within: '200ms' } })
  static async hurried(): Promise<string> {
    return (await generateText(asking())).text;
  }
}

const asking = () => ({ model: model('small'), prompt: 'Hello.', maxRetries: 0, abortSignal: stepContext().signal });

const endpoint = new FaultyEndpoint('It is well.');
const served = serveWithModels(
  [Office],
  async () =>
    `endpoints: { only: { baseUrl: "${await endpoint.listen()}", model: m-1 } }\nclasses: { small: [only] }\n`,
);

afterAll(() => endpoint.close());

const start = async (name: string): Promise<string> =>
  String((await served.service.call('POST', `/v1/workflows/Office.${name}/runs`)).body.id);

const ended = (id: string): Promise<Record<string, any>> =>
  until('the end of the run', async () => {
    const { body } = await served.service.call('GET', `/v1/runs/${id}`);
    return ['succeeded', 'failed'].includes(String(body.status)) ? body : undefined;
  });

test('a run outlasts an outage that takes more calls than it has attempts, and one that may not wait fails', async () => {
  endpoint.fault = '500';
  const run = await start('listen');
  // Five failures have the endpoint left alone; the sixth is the first probe.
  await until('the first probe', () => endpoint.requests >= 6);
  expect(await ended(await start('hurry'))).toMatchObject({ status: 'failed', error: { code: 'model_circuit_open' } });
  endpoint.fault = undefined;
  expect(await ended(run)).toMatchObject({ status: 'succeeded', result: 'It is well.' });
}, 30_000);
