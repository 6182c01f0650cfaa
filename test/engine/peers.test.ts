import queueModule from '@dbos-inc/dbos-sdk/internal/wfqueue';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PeerSignals } from '../../src/engine/peers.ts';
import { step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

class Quick {
  @workflow()
  static async run(): Promise<number> {
    return Quick.time();
  }

  @step()
  static async time(): Promise<number> {
    return Date.now();
  }
}

// With a limit over all processes every run waits in its lane to be claimed; else it could begin at once where it was started.
/** A lane as the SDK's runner knows it. */
interface Polled {
  nextPollAt: number;
  queue: { minPollingIntervalMs: number };
}

const served = serve({ services: [Quick], lanes: { default: { globalConcurrency: 100 } } });
const heard: string[] = [];
let peer: pg.Client;

beforeAll(async () => {
  peer = new pg.Client({ connectionString: served.database.url });
  await peer.connect();
  peer.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await peer.query('LISTEN holdfast_dispatch');
});

afterAll(() => peer?.end());

/** Puts a run into the lane as another process would, and tells this one. Returns how long it took until its body ran. */
async function enqueueFromOutside(tell: boolean): Promise<number> {
  const { rows } = await peer.query<{ id: string; at: string }>(
    `WITH source AS (SELECT * FROM dbos.workflow_status WHERE status = 'SUCCESS' ORDER BY created_at LIMIT 1), copied AS (
       INSERT INTO dbos.workflow_status (workflow_uuid, status, name, class_name, config_name, queue_name, priority, created_at,
                                         application_name, application_version, serialization, recovery_attempts)
       SELECT gen_random_uuid(), 'ENQUEUED', name, class_name, config_name, queue_name, priority,
              (extract(epoch FROM clock_timestamp()) * 1000)::bigint, application_name, application_version, serialization, 0
         FROM source RETURNING workflow_uuid), input AS (
       INSERT INTO dbos.workflow_input (workflow_uuid, inputs)
       SELECT c.workflow_uuid, i.inputs FROM copied c, source s JOIN dbos.workflow_input i USING (workflow_uuid))
     SELECT workflow_uuid AS id FROM copied`,
  );
  const before = Date.now();
  if (tell) await peer.query(`SELECT pg_notify('holdfast_dispatch', 'default')`);
  const { body } = await served.call('GET', `/v1/runs/${rows[0]!.id}/result?wait=20`);
  expect(body.status).toBe('succeeded');
  return (body.result as number) - before;
}

test('a run that another process enqueued begins when that process says so, and not at the next poll', async () => {
  await served.run('Quick.run');
  const waits: number[] = [];
  for (let n = 0; n < 5; n += 1) waits.push(await enqueueFromOutside(true));
  expect(Math.max(...waits)).toBeLessThan(500);
});

test('a run that nobody tells of is found all the same', async () => {
  expect(await enqueueFromOutside(false)).toBeLessThan(5000);
});

test('others are told of runs only where there are others', async () => {
  await served.run('Quick.run');
  await peer.query('SELECT 1');
  expect(heard.filter((lane) => lane !== 'default')).toEqual([]);
  heard.length = 0;
  await served.run('Quick.run');
  await peer.query('SELECT 1');
  expect(heard).toEqual([]);

  await peer.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, expires_at)
     VALUES ('peer', 'elsewhere', 1, 'x', 'all', '1', now() + interval '1 hour')`,
  );
  await until('the peer to be told', async () => {
    await served.run('Quick.run');
    return heard.includes('default');
  });
});

test('others are told of the ends of runs, many at a time', async () => {
  const ended: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const other = new PeerSignals(served.database.url, log, {
    onLane: () => {},
    onEnded: (id) => ended.push(id),
    onReconnected: () => {},
  });
  await other.start();
  const { id } = await served.run('Quick.run');
  await until('the end to be heard of', () => ended.includes(String(id)));
  const many = Array.from({ length: 120 }, (_, n) => `run-${n}`);
  for (const each of many) other.tellEnded(each);
  await until('all of them', () => many.every((each) => ended.includes(each)));
  await other.stop();
});

/** Cuts the connection on which this process listens. */
async function loseConnection(): Promise<void> {
  const [lost] = await listeners();
  await served.database.query('SELECT pg_terminate_backend($1)', [lost!.pid]);
  await until('the loss', async () => (await listeners()).every(({ pid }) => pid !== lost!.pid));
}

function listeners(): Promise<{ pid: number }[]> {
  return served.database.query(
    `SELECT pid FROM pg_stat_activity
      WHERE application_name = 'holdfast signals' AND datname = current_database() AND query <> '' AND state = 'idle'`,
  );
}

test('a lost connection for signals is made again', async () => {
  await loseConnection();
  await until('another connection', async () => (await listeners()).length > 0);
  expect(await enqueueFromOutside(true)).toBeLessThan(500);
});

test('what was told while the connection was lost is found when it is there again', async () => {
  // From now on nobody looks into the lane on the off-chance.
  await served.database.query('UPDATE dbos.queues SET polling_interval_sec = 600');
  const { states } = queueModule.wfQueueRunner as unknown as { states: Map<string, Polled> };
  states.get('default')!.queue.minPollingIntervalMs = 600_000;
  await until('the last poll', () => states.get('default')!.nextPollAt > Date.now() + 60_000);
  await loseConnection();
  expect(await enqueueFromOutside(true)).toBeLessThan(5000);
});
