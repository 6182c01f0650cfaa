import { expect, test } from 'vitest';
import { z } from 'zod';
import type { AgentLimits } from '../../src/core/agent-limits.ts';
import type { Turn } from '../../src/testing.ts';
import { serve } from '../support/serve.ts';
import { Desk, desk, type DeskTool, models, prepare } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models });

const count: DeskTool = { name: 'count', input: z.object({ n: z.number() }), body: ({ n }) => n + 1 };
const tick: DeskTool = { name: 'tick', input: z.object({}), body: () => 'tock' };

/** Calls `count` with another number each time, for ever. */
const forever = (_request: unknown, n: number): Turn => ({
  toolCalls: [{ name: 'count', args: { n } }],
  usage: { inputTokens: 60, outputTokens: 40 },
});

test.each<[AgentLimits, string, number, number]>([
  [{ turns: 3 }, 'agent_turn_limit', 3, 2],
  [{ toolCalls: 2 }, 'agent_tool_call_limit', 3, 2],
  [{ tokens: 250 }, 'agent_token_limit', 3, 2],
  [{ wall: 400 }, 'agent_wall_limit', 1, 1],
])('the limit %j ends the run with %s', async (limits, code, asked, called) => {
  const slow: DeskTool = {
    ...count,
    body: ({ n }) => new Promise((resolve) => setTimeout(() => resolve(n), limits.wall === undefined ? 0 : 500)),
  };
  const model = prepare(forever, [slow], { limits });
  const run = await served.run('Desk.work', 'Count.');
  expect(run).toMatchObject({ status: 'failed', error: { code } });
  const [limit] = Object.values(limits);
  expect((run.error as any).message).toMatch(new RegExp(`'Desk.work' was stopped: its limit is ${limit} `));
  expect((run.error as any).details).toMatchObject({ limit, count: expect.any(Number) });
  expect(model.calls).toHaveLength(asked);
  expect(desk.ran).toHaveLength(called);
});

test('an answer with the last allowed model call is a result', async () => {
  prepare([{ toolCalls: [{ name: 'count', args: { n: 1 } }] }, { text: 'Two.' }], [count], {
    limits: { turns: 2, toolCalls: 1 },
  });
  expect(await served.run('Desk.work', 'Count.')).toMatchObject({ status: 'succeeded', result: 'Two.' });
});

test('the fifth same call in a row with the same outcome is a loop', async () => {
  const model = prepare(() => ({ toolCalls: [{ name: 'tick', args: {} }] }), [tick]);
  expect(await served.run('Desk.work', 'Tick.')).toMatchObject({
    status: 'failed',
    error: { code: 'agent_loop_detected', details: { tool: 'tick', times: 5 } },
  });
  expect([model.calls.length, desk.ran.length]).toEqual([5, 5]);
});

test('the same call with another outcome is no loop', async () => {
  let n = 0;
  const clock: DeskTool = { ...tick, body: () => (n += 1) };
  prepare((_request, turn) => (turn < 8 ? { toolCalls: [{ name: 'tick', args: {} }] } : { text: 'Late.' }), [clock]);
  expect(await served.run('Desk.work', 'Tick.')).toMatchObject({ status: 'succeeded', result: 'Late.' });
});

test('a limit that allows nothing is refused', async () => {
  prepare([{ text: 'Never.' }], [], { limits: { turns: 0 } });
  expect(await served.run('Desk.work', 'Go.')).toMatchObject({
    status: 'failed',
    error: { code: 'invalid_limit', message: expect.stringContaining("'turns'") },
  });
});
