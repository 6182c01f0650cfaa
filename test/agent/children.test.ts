import { expect, test } from 'vitest';
import { z } from 'zod';
import { agent, opening, parallel, sleep, start, step, TerminalError, tool, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { resultsBefore } from './support/desk.ts';
import { models, prepare } from './support/models.ts';

const Topic = z.object({ topic: z.string() });
type Topic = z.output<typeof Topic>;

class Library {
  static undone: string[] = [];

  @tool({
    effect: 'compensable',
    description: 'Reserve',
    input: Topic,
    compensate: async (id: string) => void Library.undone.push(id),
  })
  static async reserve({ topic }: Topic): Promise<string> {
    return `reserved ${topic}`;
  }

  @agent({
    model: 'researcher',
    instructions: 'Research.',
    description: 'Research a topic',
    input: Topic,
    tools: [Library.reserve],
  })
  static async research({ topic }: Topic): Promise<string> {
    return opening(`Research ${topic}.`);
  }

  @workflow({ description: 'Count the books on a topic', input: Topic })
  static async count({ topic }: Topic): Promise<number> {
    if (topic === 'oops') throw new Error('Miscounted.');
    if (topic === 'nothing') throw new TerminalError('no_books', 'There are none.', { shelf: 3 });
    await Library.look(topic);
    return topic.length;
  }

  @workflow({ description: 'Wait for a very long time', input: z.object({}) })
  static async dawdle(): Promise<void> {
    await sleep('1d');
  }

  @step()
  static async look(_topic: string): Promise<void> {}

  @workflow()
  static async countMany(topics: number): Promise<number> {
    const handles = Array.from({ length: topics }, (_, n) => ({ topic: 'x'.repeat(n + 1) }));
    const counts = await parallel(handles, async (topic) => (await start(Library.count, topic)).result(), { limit: 8 });
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

class Desk {
  @agent({ model: 'chief', instructions: 'Lead.', tools: [Library.research, Library.count, Library.dawdle] })
  static async lead(task: string): Promise<string> {
    return opening(task);
  }

  @agent({
    model: 'recursive',
    instructions: 'Delegate.',
    description: 'Do a part of the work',
    input: Topic,
    tools: () => [Desk.delegate],
    limits: { depth: 3 },
  })
  static async delegate({ topic }: Topic): Promise<string> {
    return opening(topic);
  }
}

const served = serve({ services: [Library, Desk] }, { models, config: { graceMs: 50 } });
const call = (name: string, args: unknown = {}) => ({ name, args });

test('a model calls an agent and a workflow, which are runs of their own, and gets their results', async () => {
  const { chief } = prepare({
    chief: [
      { toolCalls: [call('research', { topic: 'bees' }), call('count', { topic: 'ants' })] },
      { text: 'All known.' },
    ],
    researcher: [{ text: 'They fly.' }],
  });
  const run = await served.run('Desk.lead', 'Find out.');
  expect(run).toMatchObject({ status: 'succeeded', result: 'All known.' });
  expect(chief!.calls[0]!.tools).toMatchObject([
    { name: 'research', description: 'Research a topic', inputSchema: { required: ['topic'] } },
    { name: 'count' },
    { name: 'dawdle' },
  ]);
  const told = [
    { toolName: 'research', output: { type: 'text', value: 'They fly.' } },
    { toolName: 'count', output: { type: 'json', value: 4 } },
  ];
  expect(resultsBefore(chief!, 1)).toEqual(told);
  const { body } = await served.call<{ items: any[] }>('GET', `/v1/runs/${String(run.id)}/transcript`);
  expect(body.items.find(({ role }) => role === 'tool').content).toMatchObject(told);
  const children = await served.database.query(
    'SELECT workflow, status FROM holdfast.runs WHERE parent_id = $1 ORDER BY 1',
    [run.id],
  );
  expect(children).toEqual([
    { workflow: 'Library.count', status: 'succeeded' },
    { workflow: 'Library.research', status: 'succeeded' },
  ]);
});

test('the failure of a child is told to the model, with its code and message', async () => {
  const { chief } = prepare({
    chief: [
      { toolCalls: [call('count', { topic: 'nothing' }), call('count', { topic: 'oops' }), call('count', { a: 1 })] },
      { text: 'None.' },
    ],
  });
  const run = await served.run('Desk.lead', 'Count.');
  expect(run).toMatchObject({ result: 'None.' });
  const [failed, thrown, refused] = resultsBefore(chief!, 1).map(({ output }) => output);
  expect(failed).toEqual({ type: 'error-json', value: { code: 'no_books', message: 'There are none.' } });
  expect(thrown.value).toEqual({ code: 'workflow_failed', message: 'Miscounted.' });
  expect(refused.value).toMatchObject({ code: 'invalid_arguments' });
  const { body } = await served.call<{ items: any[] }>('GET', `/v1/runs/${String(run.id)}/transcript`);
  expect(body.items.find(({ role }) => role === 'tool').content.map(({ output }: any) => output)).toEqual([
    failed,
    thrown,
    refused,
  ]);
});

async function beginDawdling(): Promise<{ id: string; childId: string }> {
  const { body } = await served.call('POST', '/v1/workflows/Desk.lead/runs', { body: 'Wait.' });
  const id = String(body.id);
  const child = await until('the child', async () => {
    const rows = await served.database.query<{ id: string }>('SELECT id FROM holdfast.runs WHERE parent_id = $1', [id]);
    return rows[0];
  });
  return { id, childId: child.id };
}

test('a child that is cancelled alone is told to the model, and after a restart the same', async () => {
  const asked = Promise.withResolvers<void>();
  const { chief } = prepare({
    chief: (_request, n) => {
      if (n === 0) return { toolCalls: [call('dawdle')] };
      asked.resolve();
      return n === 1 ? { hang: true } : { text: 'Never mind.' };
    },
  });
  const { id, childId } = await beginDawdling();
  await served.call('POST', `/v1/runs/${childId}/cancel`);
  await asked.promise;
  await served.restart();
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', result: 'Never mind.' });
  const told = [1, 2].map((n) => resultsBefore(chief!, n)[0]!.output);
  expect(told[0]).toMatchObject({ type: 'error-json', value: { code: 'run_cancelled' } });
  expect(told[1]).toEqual(told[0]);
  const { body: page } = await served.call<{ items: any[] }>('GET', `/v1/runs/${id}/transcript`);
  expect(page.items.find(({ role }) => role === 'tool').content[0].output).toEqual(told[0]);
});

test('a child that is removed while the agent waits for it is told to the model', async () => {
  const { chief } = prepare({ chief: [{ toolCalls: [call('dawdle')] }, { text: 'Gone.' }] });
  const { id, childId } = await beginDawdling();
  await until('both to be parked', async () => {
    const rows = await served.database.query('SELECT FROM holdfast.waits WHERE run_id = ANY($1)', [[id, childId]]);
    return rows.length === 1;
  });
  await served.database.query('DELETE FROM dbos.workflow_status WHERE workflow_uuid = $1', [childId]);
  // What nobody was told of is found by a sweep.
  await served.restart();
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', result: 'Gone.' });
  expect(resultsBefore(chief!, 1)[0]!.output.value).toMatchObject({ code: 'run_removed' });
});

test('children are cancelled with the agent', async () => {
  const { chief } = prepare({ chief: [{ toolCalls: [call('dawdle')] }, { text: 'Never.' }] });
  const { id, childId } = await beginDawdling();
  await served.call('POST', `/v1/runs/${id}/cancel`);
  for (const runId of [id, childId]) {
    const { body } = await served.call('GET', `/v1/runs/${runId}/result?wait=20`);
    expect(body).toMatchObject({ status: 'cancelled' });
  }
  expect(chief!.calls).toHaveLength(1);
});

test('what a child did is undone with the agent that called it', async () => {
  Library.undone = [];
  prepare({
    chief: [{ toolCalls: [call('research', { topic: 'bees' })] }, { status: 401 }],
    researcher: [{ toolCalls: [call('reserve', { topic: 'bees' })] }, { text: 'Reserved.' }],
  });
  const run = await served.run('Desk.lead', 'Reserve, then fail.');
  expect(run).toMatchObject({ status: 'failed' });
  await until('the unwinding', async () => Library.undone.length > 0);
  expect(Library.undone).toEqual(['reserved bees']);
});

test('an agent that is its own tool can go on until it is as deep as it may be', async () => {
  const asked: number[] = [];
  const { recursive } = prepare({
    recursive: (request) => {
      const depth = request.prompt.findLast(({ role }) => role === 'tool') ? undefined : asked.push(1);
      return depth === undefined ? { text: 'Done.' } : { toolCalls: [call('delegate', { topic: `level ${depth}` })] };
    },
  });
  const run = await served.run('Desk.delegate', { topic: 'all' });
  expect(run).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(asked).toHaveLength(3);
  const told = recursive!.calls.map((_, n) => resultsBefore(recursive!, n)[0]?.output).filter(Boolean);
  expect(told[0]).toMatchObject({ type: 'error-json', value: { code: 'agent_too_deep' } });
  expect(told.slice(1).map(({ value }) => value)).toEqual(['Done.', 'Done.']);
});

test('fifty children, eight at a time', async () => {
  expect(await served.run('Library.countMany', 50)).toMatchObject({ status: 'succeeded', result: 1275 });
});
