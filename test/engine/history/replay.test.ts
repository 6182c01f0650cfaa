// Runs that are taken up again replay what is recorded, however much it is, and compute nothing of it again.

import { randomBytes } from 'node:crypto';
import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { expect, test } from 'vitest';
import { Histories } from '../../../src/engine/history/histories.ts';
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
    return `${index}${randomBytes(1_125_000).toString('base64')}`;
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

  /** Outputs that do not fit into a page together, and that cannot be compressed. */
  @workflow()
  static async large(): Promise<number> {
    let characters = 0;
    for (let index = 0; index < 10; index += 1) characters += (await Long.fill(index)).length;
    await waitFor('go');
    return characters;
  }
}

const served = serve({ services: [Long] }, { config: { engine: 'holdfast' } });

/** Returns the sizes in bytes of all pages of history that are read from now on. */
function watchPages(): number[] {
  const sizes: number[] = [];
  const pool = executors.DBOSExecutor.globalInstance!.systemDatabase.pool as any;
  const query = pool.query.bind(pool);
  pool.query = async (statement: any, ...rest: any[]) => {
    const answer = await query(statement, ...rest);
    if (statement?.name === 'holdfast_recorded_steps') {
      sizes.push(answer.rows.reduce((bytes: number, row: any) => bytes + Buffer.byteLength(row.output ?? ''), 0));
    }
    return answer;
  };
  return sizes;
}

test.each([
  { workflow: 'Long.many', recorded: STEPS, pages: 4, bodiesAfter: 1, result: (STEPS * (STEPS - 1)) / 2 + 1 },
  { workflow: 'Long.branches', recorded: STEPS + 3, pages: 4, bodiesAfter: 0, result: (STEPS * (STEPS - 1)) / 2 + 3 },
  { workflow: 'Long.large', recorded: 10, pages: 2, bodiesAfter: 0, result: 15_000_010 },
])('$workflow', async ({ workflow: name, recorded, pages, bodiesAfter, result }) => {
  const { body: run } = await served.call('POST', `/v1/workflows/${name}/runs`);
  const path = `/v1/runs/${String(run.id)}`;
  await until('the run to be parked', async () => (await served.call('GET', path)).body.status === 'waiting');
  const [{ n }] = await served.database.query(
    `SELECT count(*)::int AS n FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name LIKE 'Long.%'`,
    [String(run.id)],
  );
  expect(n).toBe(recorded);
  await served.restart();
  Long.bodies = 0;
  const sizes = watchPages();
  await served.call('POST', `${path}/messages/go`, { body: {} });
  const { body: ended } = await served.call('GET', `${path}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result });
  expect(Long.bodies).toBe(bodiesAfter);
  expect(sizes.length).toBeGreaterThanOrEqual(pages);
  // A page ends with the output that makes it full.
  expect(Math.max(...sizes)).toBeLessThan(8_000_000 + 1_600_000);
});

test.each([199, 200, 400])(
  'of %d recorded steps none is forgotten when a branch has looked behind them',
  async (steps) => {
    const runId = `pages-${steps}`;
    await served.database.query(
      `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid) VALUES ($1, 'PENDING', 'Long.many', 'token')`,
      [runId],
    );
    await served.database.query(
      `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output)
     SELECT $1, n, 'Long.count', '1' FROM generate_series(0, $2::int - 1) n`,
      [runId, steps],
    );
    const histories = new Histories(executors.DBOSExecutor.globalInstance!.systemDatabase.pool, undefined);
    const execution = histories.executions.of(runId, 'token');
    expect(await histories.recorded(execution, steps)).toBeUndefined();
    expect(await histories.recorded(execution, 5)).toBeDefined();
    expect(execution.mayBegin(5)).toBe(false);
  },
);
