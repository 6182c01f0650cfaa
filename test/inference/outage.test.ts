// An endpoint fails in every way there is, through the front door: runs go on with the next one, nothing is recorded or paid twice, and
// when it is well again the traffic comes back.

import { generateText, streamText } from 'ai';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { agent, model, opening, step, stepContext, workflow } from '../../src/index.ts';
import type { ModelsView } from '../../src/inference/registry/view.ts';
import { until } from '../support/until.ts';
import { type Fault, FaultyEndpoint } from './support/faulty-endpoint.ts';
import { serveWithModels } from './support/with-models.ts';

const QUICKLY = { attempts: 4, backoff: { initial: 1, max: 5 } };

class Office {
  @workflow()
  static async ask(): Promise<unknown> {
    return Office.question();
  }

  @step({ retries: QUICKLY })
  static async question(): Promise<unknown> {
    const asked = { model: model('small'), prompt: 'Hello.', maxRetries: 0, abortSignal: stepContext().signal };
    const { text, providerMetadata } = await generateText(asked);
    return { text, ...providerMetadata?.['holdfast'] };
  }

  @workflow()
  static async listen(): Promise<unknown> {
    return Office.speech();
  }

  @step({ retries: QUICKLY })
  static async speech(): Promise<unknown> {
    const asked = { model: model('small'), prompt: 'Hello.', maxRetries: 0, abortSignal: stepContext().signal };
    const result = streamText({ ...asked, onError: () => {} });
    return { text: await result.text, ...(await result.providerMetadata)?.['holdfast'] };
  }

  @agent({ model: 'small', instructions: 'Work.' })
  static async work(): Promise<string> {
    return opening('Begin.');
  }
}

const primary = new FaultyEndpoint('from the first endpoint');
const secondary = new FaultyEndpoint('from the second endpoint');
const PRICE = 'price: { input: 1000000, output: 0 }';
const served = serveWithModels(
  [Office],
  async () => `endpoints:
  first: { baseUrl: "${await primary.listen()}", model: m-1, timeout: 250ms, ${PRICE} }
  second: { baseUrl: "${await secondary.listen()}", model: m-2, timeout: 5s, ${PRICE} }
classes:
  small: [first, second]
`,
);

afterAll(() => Promise.all([primary.close(), secondary.close()]));

beforeEach(async () => {
  primary.fault = undefined;
  await served.database.query('DELETE FROM holdfast.endpoint_health');
  // Whoever looks at the models sees what is written by now.
  await breaker();
  await until('the beginning', async () => (await run('ask')).result.endpoint === 'first', 50);
});

async function breaker(): Promise<ModelsView['endpoints'][number]['breaker']> {
  const { body } = await served.service.call<ModelsView>('GET', '/v1/models');
  return body.endpoints.find(({ name }) => name === 'first')!.breaker;
}

async function run(workflow: string): Promise<Record<string, any>> {
  const { body } = await served.service.call('POST', `/v1/workflows/Office.${workflow}/runs`, {
    headers: { Prefer: 'wait=20' },
  });
  expect(body).toMatchObject({ status: 'succeeded' });
  return body;
}

/** What is recorded of a run, and what its answers cost. */
async function books(id: string): Promise<{ answers: number; settled: string[]; failed: string[]; usd: number }> {
  return until('the books', async () => {
    const calls = await served.database.query(
      'SELECT endpoint, state, error_code, cost_usd FROM holdfast.model_calls WHERE run_id = $1 ORDER BY id',
      [id],
    );
    if (calls.some(({ state }) => state === 'reserved')) return undefined;
    const [{ answers }] = await served.database.query(
      `SELECT count(*)::int AS answers FROM dbos.operation_outputs
        WHERE workflow_uuid = $1 AND function_name IN ('Office.question', 'Office.speech', 'model')`,
      [id],
    );
    const of = (state: string) => calls.filter((call) => call.state === state);
    return {
      answers,
      settled: of('settled').map(({ endpoint }) => endpoint),
      failed: of('failed').map(({ endpoint, error_code }) => `${endpoint} ${error_code}`),
      usd: of('settled').reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0),
    };
  });
}

const FAULTS: [Fault, string][] = [
  ['hangs', 'model_timeout'],
  ['resets', 'model_unavailable'],
  ['500', 'model_unavailable'],
  ['429', 'model_rate_limited'],
  ['garbage', 'model_unavailable'],
  ['empty', 'model_unavailable'],
  ['dies', 'model_unavailable'],
  ['stalls', 'model_timeout'],
];

test.each(FAULTS)('an endpoint that fails so: %s', async (fault, code) => {
  primary.fault = fault;
  const asked = primary.requests;
  for (let n = 0; n < 5; n += 1) {
    const { id, result } = await run('ask');
    expect(result).toMatchObject({ text: 'from the second endpoint', endpoint: 'second' });
    expect(await books(id)).toEqual({ answers: 1, settled: ['second'], failed: [`first ${code}`], usd: 10 });
  }
  expect(primary.requests - asked).toBe(5);
  expect(await breaker()).toMatchObject({ state: expect.stringMatching('open'), reason: code });
  const { result } = await run('ask');
  // A pause that is over already lets one call try.
  expect(result.choice.passedOver).toMatchObject([{ endpoint: 'first' }]);
  expect(primary.requests - asked).toBeLessThanOrEqual(6);
});

test.each(FAULTS)('a stream of an endpoint that fails so: %s', async (fault) => {
  primary.fault = fault;
  const { id, result } = await run('listen');
  expect(result).toMatchObject({ text: 'from the second endpoint', endpoint: 'second' });
  const { answers, settled, failed, usd } = await books(id);
  expect({ answers, settled, failed: failed.length, usd }).toEqual({
    answers: 1,
    settled: ['second'],
    failed: 1,
    usd: 10,
  });
});

test('agents go on, and their record names who answered', async () => {
  primary.fault = '500';
  const { id, result } = await run('work');
  expect(result).toBe('from the second endpoint');
  expect(await books(id)).toEqual({
    answers: 1,
    settled: ['second'],
    failed: ['first model_unavailable'],
    usd: 10,
  });
});

test('the traffic comes back when the endpoint is well again', async () => {
  primary.fault = '500';
  await until('the outage', async () => {
    await run('ask');
    return (await breaker()).state === 'open';
  });
  primary.fault = undefined;
  const { result } = await until('its recovery', async () => {
    const found = await run('ask');
    return found.result.endpoint === 'first' ? found : undefined;
  });
  expect(result).toMatchObject({ text: 'from the first endpoint', choice: { why: 'first', isProbe: true } });
  expect(await breaker()).toEqual({ state: 'closed', until: null, reason: null });
  expect((await run('ask')).result).toMatchObject({ endpoint: 'first', choice: { why: 'first' } });
  const [row] = await served.database.query('SELECT endpoint, state FROM holdfast.breakers');
  expect(row).toEqual({ endpoint: 'first', state: 'closed' });
});
