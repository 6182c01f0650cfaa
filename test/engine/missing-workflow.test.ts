import { afterEach, beforeEach, expect, test } from 'vitest';
import { configured, createApp, workflow } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

class Job {
  @workflow()
  async run(): Promise<string> {
    return 'done';
  }
}

const before = createApp({ services: [configured('kept', new Job()), configured('gone', new Job())] });
const after = createApp({ services: [configured('new', new Job())] });

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
});

afterEach(() => database?.drop());

/** Enqueues a run of each workflow of the app before, where nobody takes runs, and returns their ids by workflow. */
async function enqueued(): Promise<Record<'kept' | 'gone', string>> {
  await using door = await startService({ app: before, databaseUrl: database.url, config: { role: 'api' } });
  const [kept, gone] = await Promise.all(
    ['kept', 'gone'].map(async (name) => (await door.call('POST', `/v1/workflows/Job.${name}.run/runs`)).body.id),
  );
  return { kept: String(kept), gone: String(gone) };
}

test.each(['holdfast', 'stock'] as const)('a run that no process has code for is held (%s)', async (engine) => {
  const ids = await enqueued();
  const config = { engine, missingWorkflowMs: 100 };
  {
    await using service = await startService({ app: after, databaseUrl: database.url, config });
    for (const name of ['kept', 'gone'] as const) {
      const held = await until('the hold', async () => {
        const { body } = await service.call('GET', `/v1/runs/${ids[name]}`);
        return body.status === 'held' && body;
      });
      expect(held).toMatchObject({
        held: { reason: 'no_such_workflow', stepId: null, expected: null, found: `Job.${name}.run` },
        recoveries: 0,
      });
    }
  }
  await using service = await startService({ app: before, databaseUrl: database.url, config });
  for (const id of Object.values(ids)) {
    expect(await service.call('POST', `/v1/runs/${id}/release`)).toMatchObject({ status: 200 });
    const ended = await service.call('GET', `/v1/runs/${id}/result?wait=20`);
    expect(ended.body).toMatchObject({ status: 'succeeded', result: 'done' });
  }
});

test('a run waits for a busy process that has its workflow, and those of other applications are none of ours', async () => {
  const ids = await enqueued();
  await database.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, workflows, expires_at)
     VALUES ('busy', 'elsewhere', 1, 'x', 'worker', '1', '{Job.kept.run}', now() + interval '1 hour'),
            ('dead', 'elsewhere', 2, 'x', 'worker', '1', '{Job.gone.run}', now() - interval '1 hour')`,
  );
  const { foreign } = await enqueued().then((more) => ({ foreign: more.gone }));
  await database.query(`UPDATE dbos.workflow_status SET application_name = 'theirs' WHERE workflow_uuid = $1`, [
    foreign,
  ]);
  await using service = await startService({
    app: after,
    databaseUrl: database.url,
    config: { missingWorkflowMs: 100 },
  });
  await until('the hold', async () => (await service.call('GET', `/v1/runs/${ids.gone}`)).body.status === 'held');
  // One look holds all that are to be held.
  expect(await database.query('SELECT run_id FROM holdfast.held_runs')).toEqual([{ run_id: ids.gone }]);
});
