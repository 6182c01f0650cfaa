import { expect, test } from 'vitest';
import { z } from 'zod';
import { serve } from '../support/serve.ts';
import { askedWith, Desk, type DeskTool, models, prepare } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models });

const Resolution = z.object({ refunded: z.boolean(), cents: z.int().default(0) });
const look: DeskTool = { name: 'look', input: z.object({}), body: () => 'An order.' };

test('the result is the final answer as its schema understands it', async () => {
  const model = prepare([{ json: { refunded: true } }], [], { output: Resolution });
  expect(await served.run('Desk.work', 'Resolve.')).toMatchObject({ result: { refunded: true, cents: 0 } });
  expect(model.calls[0]!.responseFormat).toMatchObject({ type: 'json', schema: { required: ['refunded'] } });
});

test('with tools the format is asked for in words, and fences and prose around it do no harm', async () => {
  const model = prepare(
    [{ toolCalls: [{ name: 'look', args: {} }] }, { text: 'Here it is:\n```json\n{"refunded": false}\n```' }],
    [look],
    { output: Resolution },
  );
  expect(await served.run('Desk.work', 'Resolve.')).toMatchObject({ result: { refunded: false, cents: 0 } });
  expect(model.calls.map(({ responseFormat }) => responseFormat?.type ?? 'text')).toEqual(['text', 'text']);
  expect(JSON.stringify(model.calls[0]!.prompt[0])).toContain('JSON schema');
});

test('an answer that does not fit is repaired with the issues, and the format is enforced', async () => {
  const model = prepare(
    [{ text: 'I refunded it.' }, { json: { refunded: 'yes' } }, { json: { refunded: true } }],
    [look],
    {
      output: Resolution,
    },
  );
  expect(await served.run('Desk.work', 'Resolve.')).toMatchObject({ status: 'succeeded', result: { refunded: true } });
  expect(model.calls[2]!.responseFormat).toMatchObject({ type: 'json' });
  const asked = [1, 2].map((n) => askedWith(model, n).at(-1)!.content[0].text as string);
  expect(asked[0]).toContain('is not JSON');
  expect(asked[1]).toMatch(/\/refunded: .*boolean/);
  expect(askedWith(model, 2).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
});

test('after two repairs the run ends', async () => {
  const model = prepare(() => ({ text: 'No.' }), [], { output: Resolution });
  expect(await served.run('Desk.work', 'Resolve.')).toMatchObject({
    status: 'failed',
    error: { code: 'agent_output_invalid', details: { repairs: 2, issues: [{ detail: 'is not JSON' }] } },
  });
  expect(model.calls).toHaveLength(3);
});

test('a final text that was cut off is no result', async () => {
  const model = prepare([{ text: 'I have almost' }]);
  const whole = model.doGenerate.bind(model);
  model.doGenerate = async (options) => ({
    ...(await whole(options)),
    finishReason: { unified: 'length', raw: 'length' },
  });
  expect(await served.run('Desk.work', 'Tell.')).toMatchObject({
    status: 'failed',
    error: { code: 'agent_answer_incomplete', details: { finishReason: 'length' } },
  });
});
