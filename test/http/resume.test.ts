import { expect, test } from 'vitest';
import { now, sleep, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const done: string[] = [];

class Trips {
  @workflow()
  static async travel(name: string): Promise<string[]> {
    await Trips.go(`${name} there`);
    await sleep('1h');
    await Trips.go(`${name} back`);
    return done.filter((entry) => entry.startsWith(name));
  }

  @workflow()
  static async tour(name: string): Promise<string[]> {
    return Trips.travel(name);
  }

  @workflow()
  static async fails(): Promise<void> {
    await now();
    throw new Error('No way.');
  }

  @step()
  static async go(where: string): Promise<void> {
    done.push(where);
  }
}

const served = serve({ services: [Trips] });

const start = async (workflow: string, body?: unknown): Promise<string> =>
  String((await served.call('POST', `/v1/workflows/Trips.${workflow}/runs`, { body })).body.id);
const statusOf = async (id: string): Promise<unknown> => (await served.call('GET', `/v1/runs/${id}`)).body.status;
const waiting = (id: string) => until(`${id} to wait`, async () => (await statusOf(id)) === 'waiting');
const resume = (id: string) => served.call('POST', `/v1/runs/${id}/resume`);
const pass = (): Promise<unknown> =>
  served.database.query(`UPDATE dbos.operation_outputs SET output = '1' WHERE function_name = 'DBOS.sleep'`);

test('a cancelled run goes on where it was, and repeats nothing', async () => {
  const id = await start('travel', 'a');
  await waiting(id);
  expect(await resume(id)).toMatchObject({ status: 200, body: { status: 'waiting', changed: false } });
  await served.call('POST', `/v1/runs/${id}/cancel`);
  await pass();
  expect(await resume(id)).toMatchObject({ status: 200, body: { id, changed: true } });
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', result: ['a there', 'a back'] });
  expect(await resume(id)).toMatchObject({ status: 409, body: { code: 'run_ended' } });
});

test('what was cancelled with it goes on, too', async () => {
  const id = await start('tour', 'b');
  await waiting(id);
  await waiting(`${id}-0`);
  await served.call('POST', `/v1/runs/${id}/cancel`);
  expect([await statusOf(id), await statusOf(`${id}-0`)]).toEqual(['cancelled', 'cancelled']);
  await pass();
  const answers = await Promise.all([resume(id), resume(id), resume(id)]);
  expect(answers.filter(({ body }) => body.changed)).toHaveLength(1);
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', result: ['b there', 'b back'] });
});

test('a run that was given up gets a new count of attempts', async () => {
  const id = await start('travel', 'c');
  await waiting(id);
  await served.database.query(
    `UPDATE dbos.workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', owner_xid = NULL, queue_name = NULL,
            recovery_attempts = 101, completed_at = 1 WHERE workflow_uuid = $1`,
    [id],
  );
  expect(await statusOf(id)).toBe('dead');
  await pass();
  expect(await resume(id)).toMatchObject({ status: 200, body: { changed: true } });
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body).toMatchObject({ status: 'succeeded', result: ['c there', 'c back'] });
});

test('a run with an outcome, one that was unwound, and one that there is not are refused', async () => {
  const failed = await start('fails');
  await served.call('GET', `/v1/runs/${failed}/result?wait=20`);
  expect(await resume(failed)).toMatchObject({ status: 409, body: { code: 'run_ended', runId: failed } });
  const id = await start('tour', 'd');
  await waiting(`${id}-0`);
  await served.call('POST', `/v1/runs/${id}/cancel`, { body: { unwind: true } });
  for (const run of [id, `${id}-0`]) {
    expect(await resume(run)).toMatchObject({ status: 409, body: { code: 'run_unwound', runId: run } });
  }
  expect(await statusOf(id)).toBe('cancelled');
  expect(await resume('nobody')).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
});
