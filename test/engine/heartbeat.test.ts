import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Heartbeat, type HeartbeatOptions } from '../../src/engine/heartbeat/heartbeat.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const TTL_MS = 1000;
const BEAT_MS = 100;
const WORKER = new URL('../../src/engine/heartbeat/worker.ts', import.meta.url);

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), 'holdfast-heartbeat-'));
  await database.query(`CREATE TABLE beats (executor_id text, at timestamptz DEFAULT clock_timestamp())`);
  await database.query(
    `CREATE FUNCTION beat() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN INSERT INTO beats (executor_id) VALUES (NEW.executor_id); RETURN NULL; END $$`,
  );
  await database.query(
    `CREATE TRIGGER beat AFTER INSERT OR UPDATE ON holdfast.leases FOR EACH ROW EXECUTE FUNCTION beat()`,
  );
});

afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

const log: HeartbeatOptions['log'] = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function started(executorId: string, differences: Partial<HeartbeatOptions> = {}): Promise<Heartbeat> {
  const holder = { executorId, host: 'h', pid: 1, process: '1', role: 'all', version: '1', workflows: ['Task.run'] };
  const heartbeat = new Heartbeat({
    databaseUrl: database.url,
    holder,
    ttlMs: TTL_MS,
    beatMs: BEAT_MS,
    log,
    ...differences,
  });
  onTestFinished(() => heartbeat.stop());
  await heartbeat.start();
  return heartbeat;
}

async function lease(executorId: string): Promise<{ alive: boolean; beats: number } | undefined> {
  const [row] = await database.query(
    `SELECT alive, (SELECT count(*)::int FROM beats b WHERE b.executor_id = e.executor_id) AS beats
       FROM holdfast.executors e WHERE executor_id = $1`,
    [executorId],
  );
  return row;
}

function backends(): Promise<{ pid: number }[]> {
  return database.query(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast lease' AND datname = current_database()`,
  );
}

test('a lease outlives a computation that takes longer than it', async () => {
  await started('busy');
  const before = await lease('busy');
  const end = performance.now() + 2.5 * TTL_MS;
  while (performance.now() < end);
  // Asked at once: had nobody renewed it meanwhile, it would have ended long ago.
  const after = await lease('busy');
  expect(after!.alive).toBe(true);
  expect(after!.beats - before!.beats).toBeGreaterThan(5);
  const [{ gap }] = await database.query(
    `SELECT max(gap)::float AS gap FROM (SELECT extract(epoch FROM at - lag(at) OVER (ORDER BY at)) * 1000 AS gap
                                           FROM beats WHERE executor_id = 'busy') AS gaps`,
  );
  expect(gap).toBeLessThan(TTL_MS);
});

test('a lease that others have removed is taken again', async () => {
  await started('removed');
  await database.query(`DELETE FROM holdfast.leases WHERE executor_id = 'removed'`);
  await until('the lease', () => lease('removed'));
});

test('a lost connection is made again', async () => {
  await started('cut off');
  for (const { pid } of await backends()) await database.query('SELECT pg_terminate_backend($1)', [pid]);
  const before = (await lease('cut off'))!.beats;
  await until('another beat', async () => (await lease('cut off'))!.beats > before);
});

test('a thread that dies is replaced', async () => {
  const order = join(folder, 'die');
  const file = join(folder, 'dies-when-told.mjs');
  await writeFile(
    file,
    `import { existsSync, rmSync } from 'node:fs';
     setInterval(() => {
       if (!existsSync(${JSON.stringify(order)})) return;
       rmSync(${JSON.stringify(order)});
       throw new Error('died');
     }, 20).unref();
     await import(${JSON.stringify(WORKER.href)});`,
  );
  await started('mortal', { threadFile: pathToFileURL(file) });
  await writeFile(order, '');
  await until('the death', () => !existsSync(order));
  const before = (await lease('mortal'))!.beats;
  await until('beats of the next thread', async () => (await lease('mortal'))!.beats > before + 2);
  expect((await lease('mortal'))!.alive).toBe(true);
});

test('the lease of a process that hangs ends, and is taken again if it does go on', async () => {
  const heartbeat = await started('hangs', { hangsAfterMs: 300 });
  await until('the end of the lease', async () => !(await lease('hangs'))!.alive);
  await until('the lease', async () => {
    heartbeat.pulse();
    return (await lease('hangs'))!.alive;
  });
});

test('a lease that cannot be taken is an error', async () => {
  await expect(started('nowhere', { databaseUrl: 'postgresql://127.0.0.1:1/none' })).rejects.toThrow(
    'could not be taken: connect ECONNREFUSED',
  );
});

test('after the stop nobody renews it, and the connection is closed', async () => {
  const heartbeat = await started('stops');
  await heartbeat.stop();
  const { beats } = (await lease('stops'))!;
  await until('the connections to close', async () => (await backends()).length === 0);
  expect((await lease('stops'))!.beats).toBe(beats);
});
