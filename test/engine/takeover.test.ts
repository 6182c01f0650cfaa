import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configured, createApp, workflow } from '../../src/index.ts';
import { hostIdentity, processIdentity } from '../../src/engine/process-identity.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

class Task {
  @workflow()
  async run(name: string): Promise<string> {
    return name;
  }
}

const app = createApp({ services: [configured('it', new Task())], name: 'ours' });

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});

afterAll(() => database?.drop());

/** Starts runs in a process that takes none, and makes it look as if the executors of the same names had them. */
async function runsOf(executors: string[]): Promise<void> {
  await using door = await startService({ app, databaseUrl: database.url, config: { role: 'api' } });
  for (const name of executors) await door.call('POST', '/v1/workflows/Task.it.run/runs', { body: name });
  await door.stop();
  await database.query(
    `UPDATE dbos.workflow_status w SET status = 'PENDING', owner_xid = 'theirs', recovery_attempts = 1,
                                       executor_id = (SELECT r.input #>> '{}' FROM holdfast.runs r WHERE r.id = w.workflow_uuid)`,
  );
}

async function enterExecutor(
  executorId: string,
  { host, identity, ttl }: { host: string; identity: string; ttl: string },
): Promise<void> {
  await database.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, expires_at)
     VALUES ($1, $2, $3, $4, 'all', '1', now() + $5::interval)`,
    [executorId, host, process.pid, identity, ttl],
  );
}

function statuses(names: string[]): Promise<{ name: string; status: string; recoveries: number }[]> {
  return database.query(
    `SELECT input #>> '{}' AS name, status, recoveries FROM holdfast.runs WHERE input #>> '{}' = ANY($1) ORDER BY 1`,
    [names],
  );
}

test('runs are taken from those who cannot run them, and from nobody else', async () => {
  const here = hostIdentity();
  const alive = processIdentity(process.pid)!;
  await runsOf(['unknown', 'expired', 'dead here', 'alive here', 'alive elsewhere', 'foreign']);
  await enterExecutor('expired', { host: 'elsewhere', identity: 'x', ttl: '-1 second' });
  await enterExecutor('dead here', { host: here, identity: `${process.pid}@before`, ttl: '1 hour' });
  await enterExecutor('alive here', { host: here, identity: alive, ttl: '1 hour' });
  await enterExecutor('alive elsewhere', { host: `${hostname()}/another boot`, identity: 'x', ttl: '1 hour' });
  await database.query(`UPDATE dbos.workflow_status SET application_name = 'theirs' WHERE executor_id = 'foreign'`);

  await using _service = await startService({ app, databaseUrl: database.url });
  const taken = ['dead here', 'expired', 'unknown'];
  await until('the runs of the dead', async () =>
    (await statuses(taken)).every(({ status }) => status === 'succeeded'),
  );
  expect(await statuses(taken)).toEqual(taken.map((name) => ({ name, status: 'succeeded', recoveries: 1 })));
  const left = ['alive elsewhere', 'alive here', 'foreign'];
  expect(await statuses(left)).toEqual(left.map((name) => ({ name, status: 'running', recoveries: 0 })));
});

test('a process that was taken for dead enters itself again', async () => {
  await using _service = await startService({ app, databaseUrl: database.url });
  const own = (): Promise<unknown[]> =>
    database.query(`SELECT FROM holdfast.leases WHERE pid = $1 AND version <> '1' AND expires_at > now()`, [
      process.pid,
    ]);
  expect(await own()).toHaveLength(1);
  await database.query('DELETE FROM holdfast.leases');
  await until('the lease', async () => (await own()).length === 1);
});

test('a process that stops gives its lease back', async () => {
  await database.query('DELETE FROM holdfast.leases');
  await (await startService({ app, databaseUrl: database.url })).stop();
  expect(await database.query('SELECT executor_id FROM holdfast.leases')).toEqual([]);
});
