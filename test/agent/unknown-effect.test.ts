// A call of which nobody knows whether it was done is no failure that a model could mend: it would do it again, under another key.

import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { agent, opening, tool, type ToolContext } from '../../src/index.ts';
import { scriptedModel } from '../../src/testing.ts';
import { serve } from '../support/serve.ts';
import { listen } from '../support/shop-server.ts';
import { until } from '../support/until.ts';

const bank = { url: '', keys: [] as string[], takenBack: [] as string[] };
const server = createServer((request, response) => {
  bank.keys.push(request.headers['idempotency-key'] as string);
  response.writeHead(504).end();
});

const Payment = z.object({ cents: z.int() });

class Bank {
  @tool({
    effect: 'compensable',
    description: 'Pay',
    input: Payment,
    compensate: async (result: unknown, _args, { forwardKey }) =>
      void bank.takenBack.push(`${String(result)} ${forwardKey}`),
  })
  static async pay(_payment: z.output<typeof Payment>, { fetch }: ToolContext): Promise<void> {
    const { ok, status } = await fetch(bank.url, { method: 'POST' });
    if (!ok) throw new Error(`answered with ${status}`);
  }

  @agent({ model: 'small', instructions: 'Pay.', tools: [Bank.pay] })
  static async settle(): Promise<string> {
    return opening('Pay what is owed.');
  }
}

const model = scriptedModel([
  { toolCalls: [{ name: 'pay', args: { cents: 5 } }] },
  { text: 'It failed, so I give up.' },
]);
const models = {
  model: () => model,
};
const served = serve({ services: [Bank] }, { models });

beforeAll(async () => {
  bank.url = await listen(server);
});
afterAll(() => server.close());

test('the run fails, the payment is taken back, and the model is not asked what to do', async () => {
  const run = await served.run('Bank.settle');
  expect(run).toMatchObject({ status: 'failed', error: { code: 'effect_unknown' } });
  await until('the unwinding', async () => {
    const { body } = await served.call('GET', `/v1/runs/${String(run.id)}-unwind`);
    return body.status === 'succeeded';
  });
  expect(bank.takenBack).toEqual([`undefined ${bank.keys[0]}`]);
  expect(bank.keys).toHaveLength(1);
  expect(model.calls).toHaveLength(1);
});
