import { expect, test } from 'vitest';
import { z } from 'zod';
import { TranscriptPageSchema } from '../../src/http/contract.ts';
import { TerminalError } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { Desk, type DeskTool, models, prepare } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models });

const add: DeskTool = { name: 'add', input: z.object({ a: z.number(), b: z.number() }), body: ({ a, b }) => a + b };
const say: DeskTool = { name: 'say', input: z.object({ text: z.string() }), body: ({ text }) => `"${text}"` };
const fail: DeskTool = {
  name: 'fail',
  input: z.object({}),
  body: () => Promise.reject(new TerminalError('out_of_order', 'It is broken.', { secret: 1 })),
};

type Page = z.output<typeof TranscriptPageSchema>;

async function pageOf(runId: unknown, query = ''): Promise<Page> {
  const { status, body } = await served.call('GET', `/v1/runs/${String(runId)}/transcript${query}`);
  expect(status).toBe(200);
  return TranscriptPageSchema.parse(body);
}

test('it has what was asked, answered and found, in the order in which the model saw it', async () => {
  const model = prepare(
    [
      {
        text: 'Let me see.',
        toolCalls: [
          { name: 'add', args: { a: 1, b: 2 } },
          { name: 'fly', args: {} },
          { name: 'fail', args: {} },
          { name: 'say', args: { text: 'hm' } },
        ],
        usage: { inputTokens: 30, outputTokens: 12, cachedTokens: 5 },
      },
      { text: 'Three.' },
    ],
    [add, say, fail],
  );
  const run = await served.run('Desk.work', 'What is 1 + 2?');
  const { items, next } = await pageOf(run.id);
  expect(next).toBeNull();
  expect(items.map(({ stepId, position, role }) => [stepId, position, role])).toEqual([
    [1, 1, 'user'],
    [1, 2, 'assistant'],
    [1, 3, 'tool'],
    [6, 1, 'assistant'],
  ]);
  expect(items[0]).toMatchObject({ content: 'What is 1 + 2?', model: null, usage: null });
  expect(items[1]).toMatchObject({
    model: 'scripted',
    finishReason: 'tool-calls',
    usage: { inputTokens: 30, outputTokens: 12, cachedInputTokens: 5 },
  });
  const parts = (n: number) => (items[n]!.content as { type: string }[]).map(({ type }) => type);
  expect(parts(1)).toEqual(['text', 'tool-call', 'tool-call', 'tool-call', 'tool-call']);
  const told = model.calls[1]!.prompt.find(({ role }) => role === 'tool')!.content;
  expect(items[2]!.content).toEqual(JSON.parse(JSON.stringify(told)));
  expect(JSON.stringify(items)).not.toContain('secret');
  expect(items[3]).toMatchObject({ content: [{ type: 'text', text: 'Three.' }], finishReason: 'stop' });
});

test('results that are there are shown while other tools are under way', async () => {
  const reached = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const wait: DeskTool = { name: 'wait', input: z.object({}), body: () => (reached.resolve(), release.promise) };
  const calls = [
    { name: 'wait', args: {} },
    { name: 'add', args: { a: 2, b: 2 } },
  ];
  prepare([{ toolCalls: calls }, { text: 'Four.' }], [wait, add]);
  const { body: run } = await served.call('POST', '/v1/workflows/Desk.work/runs', { body: 'Add.' });
  await reached.promise;
  const results = await until('the other result', async () => {
    const { items } = await pageOf(run.id);
    return items.find(({ role }) => role === 'tool')?.content as { toolName: string }[] | undefined;
  });
  expect(results).toMatchObject([{ toolName: 'add', output: { type: 'json', value: 4 } }]);
  release.resolve();
  await served.call('GET', `/v1/runs/${String(run.id)}/result?wait=20`);
  const { items } = await pageOf(run.id);
  expect(items.find(({ role }) => role === 'tool')!.content).toMatchObject([{ toolName: 'wait' }, { toolName: 'add' }]);
});

test('pages are of whole turns, and together they are the conversation', async () => {
  prepare(
    (_request, n) => (n < 6 ? { toolCalls: [{ name: 'add', args: { a: n, b: 1 } }] } : { text: 'Enough.' }),
    [add],
    { limits: { wall: '1h' } },
  );
  const run = await served.run('Desk.work', 'Count.');
  const all = (await pageOf(run.id)).items;
  expect(all).toHaveLength(1 + 6 * 2 + 1);
  const pages: Page[] = [];
  for (let from: number | null = 0; from !== null; from = pages.at(-1)!.next) {
    pages.push(await pageOf(run.id, `?from=${from}&limit=3`));
  }
  expect(pages.map(({ items }) => items.length)).toEqual([7, 6, 1]);
  expect(pages.flatMap(({ items }) => items)).toEqual(all);
});

test('a run that is no agent has none; one that does not exist is not found; nor is another tenant’s', async () => {
  prepare([{ text: 'Mine.' }]);
  const run = await served.run('Desk.work', 'Hello.');
  await served.database.query(
    `UPDATE dbos.operation_outputs SET function_name = 'other' WHERE workflow_uuid = $1 AND function_name = 'model'`,
    [run.id],
  );
  expect(await pageOf(run.id)).toEqual({ items: [], next: null });
  const other = { headers: { 'X-Tenant': 'other' } };
  const path = `/v1/runs/${String(run.id)}/transcript`;
  expect((await served.call('GET', path, other)).status).toBe(404);
  expect((await served.call('GET', '/v1/runs/none/transcript')).status).toBe(404);
  expect((await served.call('GET', `${path}?limit=0`)).status).toBe(400);
});

test('another step by the name of model is no turn', async () => {
  prepare([{ text: 'Mine.' }]);
  const run = await served.run('Desk.work', 'Hello.');
  for (const output of ['{"json":[1]}', '{"json":{"messages":[]}}', '{"json":"x"}']) {
    await served.database.query(
      `UPDATE dbos.operation_outputs SET output = $2 WHERE workflow_uuid = $1 AND function_name = 'model'`,
      [run.id, output],
    );
    expect(await pageOf(run.id), output).toEqual({ items: [], next: null });
  }
});
