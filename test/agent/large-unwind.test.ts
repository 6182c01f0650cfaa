// The plan of an unwinding has a bound of its own: many calls with long arguments and results would be more than can be recorded at once.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, parallel, tool, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const Page = z.object({ text: z.string() });
const text = 'x'.repeat(100_000);
const undone: [result: number, args: number][] = [];

class Press {
  @tool({
    effect: 'compensable',
    description: 'Print',
    input: Page,
    compensate: async (result: { printed: string } | undefined, args) =>
      void undone.push([result!.printed.length, args.text.length]),
  })
  static async print({ text: printed }: z.output<typeof Page>): Promise<{ printed: string }> {
    return { printed };
  }

  @workflow()
  static async run(): Promise<void> {
    await parallel([1, 2, 3], () => callTool(Press.print, { text }));
    throw new Error('the press is broken');
  }
}

const served = serve({ services: [Press] });

test('what was called and returned is read when it is undone, and is no part of the plan', async () => {
  const run = await served.run('Press.run');
  const id = `${String(run.id)}-unwind`;
  await until('the unwinding', async () => (await served.call('GET', `/v1/runs/${id}`)).body.status === 'succeeded');
  expect(undone).toEqual([1, 2, 3].map(() => [text.length, text.length]));
  const [plan] = await served.database.query(
    `SELECT length(output) AS length FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name = 'plan'`,
    [id],
  );
  expect(plan!.length).toBeLessThan(2_000);
});
