// Statements whose answer is lost on the way have been done, or not; their repetition must find out.

import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { expect, test } from 'vitest';
import { db, start, step, transaction, waitFor, workflow } from '../../../src/index.ts';
import { Coalesced } from '../../../src/engine/history/coalesce.ts';
import { serve } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

let bodies = 0;

class Lost {
  @step()
  static async body(): Promise<number> {
    bodies += 1;
    return bodies;
  }

  @workflow()
  static async receive(): Promise<unknown> {
    return waitFor('go');
  }

  @workflow()
  static async parent(): Promise<unknown> {
    const child = await start(Lost.receive, undefined);
    return ['from the child', await child.result()];
  }

  @workflow()
  static async plain(): Promise<number> {
    return Lost.body();
  }

  @step()
  static async insideOfWhat(): Promise<string> {
    try {
      return String(db());
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  @workflow()
  static async inner(): Promise<string> {
    return Lost.insideOfWhat();
  }

  @transaction()
  static async outer(): Promise<string> {
    const run = await start(Lost.inner, undefined);
    return run.id;
  }
}

const served = serve({ services: [Lost] }, { config: { engine: 'holdfast' } });

/** Loses the answer to the first statement with this name that has one; `meanwhile` happens before anybody knows. */
function loseAnswer(name: string, meanwhile: () => Promise<unknown> = async () => {}): () => void {
  const pool = executors.DBOSExecutor.globalInstance!.systemDatabase.pool as any;
  const query = pool.query.bind(pool);
  let isLost = false;
  pool.query = async (statement: any, ...rest: any[]) => {
    const answer = await query(statement, ...rest);
    if (
      isLost ||
      !statement?.name?.startsWith(name) ||
      answer.rows.length === 0 ||
      answer.rows[0].is_recorded === false
    )
      return answer;
    isLost = true;
    await meanwhile();
    throw new Error('Connection terminated unexpectedly');
  };
  return () => (pool.query = query);
}

test('a message that was taken is not waited for again', async () => {
  const restore = loseAnswer('holdfast_receive');
  const { body: run } = await served.call('POST', '/v1/workflows/Lost.receive/runs');
  await served.call('POST', `/v1/runs/${String(run.id)}/messages/go`, { body: 'hello' });
  const { body } = await served.call('GET', `/v1/runs/${String(run.id)}/result?wait=20`);
  restore();
  expect(body).toMatchObject({ status: 'succeeded', result: 'hello' });
});

test('a run whose end was recorded has ended once', async () => {
  const before = bodies;
  const restore = loseAnswer('holdfast_outcome');
  const run = await served.run('Lost.plain');
  restore();
  expect(run).toMatchObject({ status: 'succeeded', result: before + 1, recoveries: 0 });
  expect(bodies).toBe(before + 1);
});

test('a run whose end was recorded wakes its parent', async () => {
  const { body: parent } = await served.call('POST', '/v1/workflows/Lost.parent/runs');
  const read = async (id: unknown): Promise<Record<string, unknown>> =>
    (await served.call('GET', `/v1/runs/${String(id)}`)).body;
  await until('both to be parked', async () => {
    const rows = await served.database.query(`SELECT FROM dbos.workflow_status WHERE owner_xid = 'parked'`);
    return rows.length === 2;
  });
  const [child] = await served.database.query('SELECT id FROM holdfast.runs WHERE parent_id = $1', [parent.id]);
  const restore = loseAnswer('holdfast_outcome');
  await served.call('POST', `/v1/runs/${child!.id}/messages/go`, { body: 'hello' });
  await until('the end of the parent', async () => (await read(parent.id)).status === 'succeeded');
  restore();
  expect(await read(child!.id)).toMatchObject({ status: 'succeeded', result: 'hello' });
  expect(await read(parent.id)).toMatchObject({ result: ['from the child', 'hello'] });
});

test('a run that was ended meanwhile is not begun', async () => {
  const before = bodies;
  const restore = loseAnswer('holdfast_start', () =>
    served.database.query(
      `UPDATE dbos.workflow_status SET status = 'CANCELLED', owner_xid = NULL WHERE status = 'PENDING'`,
    ),
  );
  const { body: run } = await served.call('POST', '/v1/workflows/Lost.plain/runs', { headers: { Prefer: 'wait=5' } });
  restore();
  expect(run).toMatchObject({ status: 'cancelled' });
  expect(bodies).toBe(before);
});

test('a run begins outside of the transaction that started it', async () => {
  const id = await Lost.outer();
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ result: 'not_in_transaction' });
});

test('a question that cannot be asked fails alone', async () => {
  const questions = new Coalesced<string, string>(async (asked) => {
    if (asked.includes('bad')) throw new Error('bad');
    return asked.map((question) => `${question}!`);
  });
  const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((question) => questions.answer(question)));
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed'))).toEqual([
    'a!',
    'failed',
    'b!',
  ]);
});
