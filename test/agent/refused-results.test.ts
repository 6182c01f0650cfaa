// A call whose result cannot be recorded, or whose time was up, may have acted all the same: it is undone, without a result.

import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, tool, type ToolContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const Thing = z.object({ made: z.enum(['too large', 'a function', 'too late']) });
type Thing = z.output<typeof Thing>;

/** What another client than the runtime's fetch has made, by the keys of the calls. */
const world = new Map<string, string>();

class Maker {
  @tool({
    effect: 'compensable',
    description: 'Make something',
    input: Thing,
    timeout: '200ms',
    compensate: async (result: unknown, _args, { forwardKey }) => {
      if (result === undefined) world.delete(forwardKey);
    },
  })
  static async make({ made }: Thing, { idempotencyKey }: ToolContext): Promise<unknown> {
    world.set(idempotencyKey, made);
    if (made === 'too late') return new Promise(() => {});
    return made === 'too large' ? 'x'.repeat(1_000_001) : { read: () => made };
  }

  @workflow()
  static async work(made: Thing['made']): Promise<void> {
    await callTool(Maker.make, { made });
  }
}

const served = serve({ services: [Maker] });
beforeEach(() => world.clear());

test.each([
  ['too large', 'tool_result_too_large'],
  ['a function', 'not_serializable'],
  ['too late', 'step_timeout'],
] as const)('what made something that is %s is undone', async (made, code) => {
  const run = await served.run('Maker.work', made);
  expect(run).toMatchObject({ status: 'failed', error: { code } });
  expect([...world.values()]).toEqual([made]);
  await until('the unwinding', async () => {
    const { body } = await served.call('GET', `/v1/runs/${String(run.id)}-unwind`);
    return body.status === 'succeeded';
  });
  expect(world.size).toBe(0);
});
