import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Steering } from '../../src/agent/turn.ts';
import { messagesLeft } from '../../src/engine/steering.ts';
import { serve } from '../support/serve.ts';
import { askedWith, Desk, type DeskTool, models, prepare } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models, config: { graceMs: 50 } });

const steering: Steering = (runId, seen) =>
  messagesLeft(served.service.running.database.transactions, runId, 'steer', seen);

/** A tool that waits until a test lets it end. */
function gate(): { tool: DeskTool; reached: Promise<void>; open: () => void } {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<string>();
  const body = () => (reached.resolve(), opened.promise);
  return {
    tool: { name: 'gate', input: z.object({}), body },
    reached: reached.promise,
    open: () => opened.resolve('open'),
  };
}

const turn = { toolCalls: [{ name: 'gate', args: {} }] };

async function leave(runId: string, body: unknown, topic = 'steer'): Promise<void> {
  expect((await served.call('POST', `/v1/runs/${runId}/messages/${topic}`, { body })).status).toBe(202);
}

test('messages that are left between two turns follow the results of the tools, each once', async () => {
  const { tool, reached, open } = gate();
  const model = prepare([turn, turn, { text: 'As you wish.' }], [tool], { steering });
  const { body: run } = await served.call<{ id: string }>('POST', '/v1/workflows/Desk.work/runs', { body: 'Go.' });
  await reached;
  await leave(run.id, 'Rather go left.');
  await leave(run.id, { speed: 3 });
  await leave(run.id, 'Not for the agent.', 'other');
  open();
  const { body: ended } = await served.call('GET', `/v1/runs/${run.id}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'As you wish.' });
  const texts = [1, 2].map((n) =>
    askedWith(model, n).map(({ role, content }) => (role === 'user' ? content[0].text : role)),
  );
  expect(texts[0]).toEqual(['Go.', 'assistant', 'tool', 'Rather go left.', '{"speed":3}']);
  expect(texts[1]).toEqual([...texts[0]!, 'assistant', 'tool']);
  const { body: transcript } = await served.call<{ items: { role: string }[] }>('GET', `/v1/runs/${run.id}/transcript`);
  expect(transcript.items.map(({ role }) => role).join(' ')).toBe(
    'user assistant tool user user assistant tool assistant',
  );
});

test('after a restart the model has seen the same messages at the same place', async () => {
  const first = gate();
  const second = gate();
  let uses = 0;
  const tool: DeskTool = { ...first.tool, body: () => ((uses += 1) === 1 ? first : second).tool.body({}) };
  const model = prepare([turn, turn, { text: 'Done.' }], [tool], { steering });
  const { body: run } = await served.call<{ id: string }>('POST', '/v1/workflows/Desk.work/runs', { body: 'Go.' });
  await first.reached;
  await leave(run.id, 'One.');
  first.open();
  await second.reached;
  await leave(run.id, 'Two.');
  const restarted = served.restart();
  await restarted;
  second.open();
  const { body: ended } = await served.call('GET', `/v1/runs/${run.id}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(model.calls).toHaveLength(3);
  const texts = askedWith(model, 2).map(({ role, content }) => (role === 'user' ? content[0].text : role));
  expect(texts).toEqual(['Go.', 'assistant', 'tool', 'One.', 'assistant', 'tool', 'Two.']);
});
