// What others say of a failure may be very long: so much of it is recorded, and told to models, as a person would read.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, tool, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Page {
  @tool({ effect: 'read', description: 'Read', input: z.object({}) })
  static async read(): Promise<never> {
    throw new Error(`${'x'.repeat(19_999)}😀${'y'.repeat(3_000_000)}`);
  }

  @workflow()
  static async look(): Promise<string> {
    return callTool(Page.read, {}).catch((error: unknown) => (error as Error).message);
  }
}

const served = serve({ services: [Page] });

test('an error is recorded by its beginning, and the run that makes it sees the same', async () => {
  const run = await served.run('Page.look');
  expect(run).toMatchObject({ status: 'succeeded', result: `${'x'.repeat(19_999)}\uFFFD…` });
  const [step] = await served.database.query(
    `SELECT error ->> 'message' AS message FROM holdfast.steps WHERE run_id = $1 AND name = 'Page.read'`,
    [run.id],
  );
  expect(step).toEqual({ message: run.result });
});
