// Runs that are taken up again replay what is recorded, however much it is, and compute nothing of it again.

import { expect, test } from 'vitest';
import { parallel, step, waitFor, workflow } from '../../../src/index.ts';
import { serve } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

const STEPS = 650;

class Long {
  static bodies = 0;

  @step()
  static async count(index: number): Promise<number> {
    Long.bodies += 1;
    return index;
  }

  @step()
  static async fill(index: number): Promise<string> {
    Long.bodies += 1;
    return String(index).repeat(1_500_000);
  }

  /** More steps than a page of history holds, before and after the wait. */
  @workflow()
  static async many(): Promise<number> {
    let sum = 0;
    for (let index = 0; index < STEPS; index += 1) sum += await Long.count(index);
    await waitFor('go');
    return sum + (await Long.count(1));
  }

  /** Branches that replay far apart from each other. */
  @workflow()
  static async branches(): Promise<number> {
    const sums = await parallel([STEPS, 3], async (steps) => {
      let sum = 0;
      for (let index = 0; index < steps; index += 1) sum += await Long.count(index);
      return sum;
    });
    await waitFor('go');
    return sums[0]! + sums[1]!;
  }

  /** Outputs that do not fit into a page together. */
  @workflow()
  static async large(): Promise<number> {
    let characters = 0;
    for (let index = 0; index < 10; index += 1) characters += (await Long.fill(index)).length;
    await waitFor('go');
    return characters;
  }
}

const served = serve({ services: [Long] });

test.each([
  { workflow: 'Long.many', recorded: STEPS, bodiesAfter: 1, result: (STEPS * (STEPS - 1)) / 2 + 1 },
  { workflow: 'Long.branches', recorded: STEPS + 3, bodiesAfter: 0, result: (STEPS * (STEPS - 1)) / 2 + 3 },
  { workflow: 'Long.large', recorded: 10, bodiesAfter: 0, result: 15_000_000 },
])('$workflow', async ({ workflow: name, recorded, bodiesAfter, result }) => {
  const { body: run } = await served.call('POST', `/v1/workflows/${name}/runs`);
  const path = `/v1/runs/${String(run.id)}`;
  await until('all steps', async () => {
    const [{ n }] = await served.database.query(
      `SELECT count(*)::int AS n FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name LIKE 'Long.%'`,
      [String(run.id)],
    );
    return n === recorded;
  });
  await served.restart();
  Long.bodies = 0;
  await served.call('POST', `${path}/messages/go`, { body: {} });
  const { body: ended } = await served.call('GET', `${path}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result });
  expect(Long.bodies).toBe(bodiesAfter);
});
