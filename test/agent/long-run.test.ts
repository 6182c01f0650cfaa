import { expect, test } from 'vitest';
import { z } from 'zod';
import { serve } from '../support/serve.ts';
import { Desk, type DeskTool, models, prepare } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models });

const note: DeskTool = {
  name: 'note',
  input: z.object({ n: z.number() }),
  body: ({ n }) => ({ n, text: 'x'.repeat(1000) }),
};

async function bytesOf(turns: number): Promise<number> {
  prepare((_request, n) => (n < turns ? { toolCalls: [{ name: 'note', args: { n } }] } : { text: 'Done.' }), [note], {
    limits: { turns: turns + 1 },
  });
  const run = await served.run('Desk.work', 'Note.');
  expect(run).toMatchObject({ status: 'succeeded', result: 'Done.' });
  const [{ bytes }] = await served.database.query(
    'SELECT sum(length(output))::int AS bytes FROM dbos.operation_outputs WHERE workflow_uuid = $1',
    [run.id],
  );
  return bytes;
}

test('what is recorded grows with the number of turns, not with its square', async () => {
  const [short, long] = [await bytesOf(20), await bytesOf(120)];
  expect(long / short).toBeGreaterThan(5);
  expect(long / short).toBeLessThan(6.5);
});
