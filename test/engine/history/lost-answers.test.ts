// Statements whose answer is lost on the way have been done, or not; their repetition must find out.

import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { expect, test } from 'vitest';
import { db, start, step, transaction, waitFor, workflow } from '../../../src/index.ts';
import { Coalesced } from '../../../src/engine/history/coalesce.ts';
import { serve } from '../../support/serve.ts';

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

test('a run that was ended meanwhile is not begun', async () => {
  const restore = loseAnswer('holdfast_start', () =>
    served.database.query(
      `UPDATE dbos.workflow_status SET status = 'CANCELLED', owner_xid = NULL WHERE status = 'PENDING'`,
    ),
  );
  const { body: run } = await served.call('POST', '/v1/workflows/Lost.plain/runs', { headers: { Prefer: 'wait=5' } });
  restore();
  expect(run).toMatchObject({ status: 'cancelled' });
  expect(bodies).toBe(0);
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
