import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Knex } from 'knex';
import { sweepPage } from '../../src/engine/retention.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { hasUnknown, noteAnswer, noteSending, noteUnsent, type Sending } from '../../src/store/effects.ts';
import { holdRun, releaseHeldRun } from '../../src/store/held-runs.ts';
import { saveRetention } from '../../src/store/retention.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** Another attempt to send the request with `key`, which is a run of its own. */
const attempt = (key: string, rest: Partial<Sending> = {}): Sending => ({
  id: randomUUID(),
  key,
  runId: `run of ${key}`,
  stepId: 3,
  ordinal: 1,
  tool: 'Shop.charge',
  method: 'POST',
  url: 'http://shop.test/charges',
  requestHash: 'one',
  ...rest,
});

async function row(key: string): Promise<Record<string, unknown>> {
  const rows = await database.query('SELECT * FROM holdfast.effects WHERE key = $1', [key]);
  return rows[0];
}

test('a request is unanswered from before it leaves until its answer', async () => {
  const first = attempt('answered');
  expect(await noteSending(db, first)).toBe('noted');
  expect(await row('answered')).toMatchObject({
    run_id: first.runId,
    step_id: 3,
    ordinal: 1,
    tool: 'Shop.charge',
    method: 'POST',
    url: 'http://shop.test/charges',
    request_hash: 'one',
    attempts: 1,
    status: null,
    response_hash: null,
    state: 'sent',
    answered_at: null,
  });
  expect(await hasUnknown(db, first.runId, 3, false)).toBe(true);
  expect(await hasUnknown(db, first.runId, 4, true)).toBe(false);
  expect(await noteAnswer(db, first, 201, 'hash')).toBe(true);
  // A process that dies now leaves an effect without a result.
  expect(await hasUnknown(db, first.runId, 3, false)).toBe(false);
  expect(await hasUnknown(db, first.runId, 3, true)).toBe(true);
  expect(await row('answered')).toMatchObject({ state: 'answered', status: 201, response_hash: 'hash', attempts: 1 });
});

test('another request under the same key is not noted', async () => {
  await noteSending(db, attempt('reused'));
  expect(await noteSending(db, attempt('reused', { requestHash: 'two' }))).toBe('reused');
  expect(await row('reused')).toMatchObject({ request_hash: 'one', attempts: 1 });
});

test('noting an attempt twice, because the database’s answer got lost, counts it once', async () => {
  const first = attempt('twice');
  await noteSending(db, first);
  await noteSending(db, first);
  expect(await row('twice')).toMatchObject({ attempts: 1 });
  expect(await noteUnsent(db, first)).toBe(true);
  expect(await row('twice')).toMatchObject({ state: 'unsent' });
});

test('only the last attempt’s outcome counts', async () => {
  const [first, second] = [attempt('late'), attempt('late')];
  await noteSending(db, first);
  await noteSending(db, second);
  expect(await noteAnswer(db, first, 200, null)).toBe(false);
  expect(await noteUnsent(db, first)).toBe(false);
  expect(await row('late')).toMatchObject({ state: 'sent', attempts: 2, status: null });
});

test('an attempt that did not leave changes nothing about what is known of earlier ones', async () => {
  const unknown = attempt('unknown');
  await noteSending(db, unknown);
  const refused = attempt('unknown');
  await noteSending(db, refused);
  await noteUnsent(db, refused);
  expect(await row('unknown')).toMatchObject({ state: 'sent', attempts: 2 });

  const failed = attempt('failed');
  await noteSending(db, failed);
  await noteAnswer(db, failed, 503, null);
  const refusedToo = attempt('failed');
  await noteSending(db, refusedToo);
  expect(await row('failed')).toMatchObject({ state: 'sent', status: 503 });
  await noteUnsent(db, refusedToo);
  expect(await row('failed')).toMatchObject({ state: 'answered', status: 503, attempts: 2 });
});

test('an unknown request of a run that was released is not asked about again, until it was sent once more', async () => {
  const first = attempt('accepted');
  await noteSending(db, first);
  await releaseHeldRun(db, first.runId, 'recovery');
  expect(await hasUnknown(db, first.runId, 3, true)).toBe(true);
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, name, status, owner_xid) VALUES ($1, 'Shop.run', 'PENDING', 'ours')`,
    [first.runId],
  );
  const hold = { reason: 'unknown_effect' as const, stepId: 3, expected: null, found: null, message: 'Who knows?' };
  await holdRun(db, first.runId, 'ours', hold);
  expect(await hasUnknown(db, first.runId, 3, true)).toBe(true);
  expect(await releaseHeldRun(db, first.runId, 'recovery')).toBe('recovery');
  expect(await hasUnknown(db, first.runId, 3, true)).toBe(false);
  expect(await row('accepted')).toMatchObject({ state: 'sent', accepted_at: expect.any(Date) });
  await noteSending(db, attempt('accepted'));
  expect(await hasUnknown(db, first.runId, 3, false)).toBe(true);
  expect(await row('accepted')).toMatchObject({ attempts: 2 });
});

test('what Postgres cannot hold in the name of a tool does not break the receipt', async () => {
  expect(await noteSending(db, attempt('nul', { tool: 'Shop.\0' }))).toBe('noted');
  expect(await row('nul')).toMatchObject({ tool: 'Shop.\uFFFD' });
});

test('the view says whose run it was, and receipts are removed with their run', async () => {
  for (const key of ['old', 'young']) await noteSending(db, attempt(key));
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, name, status, completed_at, application_name, authenticated_user)
     VALUES ('run of old', 'Shop.run', 'SUCCESS', 1, 'ours', ''),
            ('run of young', 'Shop.run', 'SUCCESS', (EXTRACT(epoch FROM now()) * 1000)::bigint, 'ours', 'acme')`,
  );
  expect(await row('old')).toMatchObject({ workflow: 'Shop.run', tenant: 'default' });
  expect(await row('young')).toMatchObject({ workflow: 'Shop.run', tenant: 'acme' });
  await saveRetention(db, 'ours', [{ workflow: '', keepMs: 60_000 }]);
  expect(await sweepPage(db, 'ours')).toBe(1);
  expect(await row('old')).toBeUndefined();
  expect(await row('young')).toBeDefined();
});
