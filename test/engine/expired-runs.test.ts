import fc from 'fast-check';
import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sweepPage } from '../../src/engine/retention.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { saveRetention } from '../../src/store/retention.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const ENDED = ['SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'];
const UNFINISHED = ['PENDING', 'ENQUEUED', 'DELAYED'];
const RULES = [
  { workflow: '', keepMs: 30 * DAY_MS },
  { workflow: 'week', keepMs: 7 * DAY_MS },
  { workflow: 'always', keepMs: null },
];

interface Row {
  id: string;
  name?: string;
  status?: string;
  /** Days since its end, or since its start when it has not ended. */
  days: number;
  parent?: string | null;
  forkedFrom?: string | null;
  application?: string | null;
}

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
});

beforeEach(() => empty());

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

async function empty(): Promise<void> {
  const ours = ['compensations', 'unwind_requests', 'retention', 'retention_rounds'].map((name) => `holdfast.${name}`);
  for (const table of ['dbos.workflow_status', ...ours]) await database.query(`DELETE FROM ${table}`);
  await saveRetention(db, 'ours', RULES);
}

async function insert(rows: Row[]): Promise<void> {
  const full = rows.map((row) => ({ name: 'other', status: 'SUCCESS', application: 'ours', ...row }));
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, name, status, completed_at, parent_workflow_id, forked_from, application_name)
     SELECT id, name, status,
            CASE WHEN status = ANY($2) THEN (EXTRACT(epoch FROM now()) * 1000)::bigint - (days * ${DAY_MS})::bigint END,
            parent, "forkedFrom", application
       FROM jsonb_to_recordset($1::jsonb)
            AS r (id text, name text, status text, days float8, parent text, "forkedFrom" text, application text)`,
    [JSON.stringify(full), ENDED],
  );
}

/** Looks at everything that is due. Returns how many runs each transaction removed. */
async function sweep(): Promise<number[]> {
  const counts: number[] = [];
  for (;;) {
    const count = await sweepPage(db, 'ours');
    if (count === undefined) return counts;
    counts.push(count);
  }
}

async function left(): Promise<string[]> {
  const rows = await database.query(`SELECT workflow_uuid AS id FROM dbos.workflow_status ORDER BY 1`);
  return rows.map((row) => row.id as string);
}

/** As if a minute, or a day, had gone by. */
async function later(what: 'minute' | 'day'): Promise<void> {
  await database.query(
    `UPDATE holdfast.retention_rounds SET due_at = due_at - $1::interval, began_at = began_at - $1::interval`,
    [`1 ${what}`],
  );
}

test('each workflow has its own time, others share one, and another application is none of our business', async () => {
  await insert([
    { id: 'week young', name: 'week', days: 6.9 },
    { id: 'week old', name: 'week', days: 7.1 },
    { id: 'other young', days: 29.9 },
    { id: 'other old', days: 30.1 },
    { id: 'always', name: 'always', days: 1000 },
    { id: 'theirs', days: 1000, application: 'theirs' },
    { id: 'nobody’s', days: 31, application: null },
    ...ENDED.map((status) => ({ id: `ended ${status}`, status, days: 31 })),
    ...UNFINISHED.map((status) => ({ id: `unfinished ${status}`, status, days: 1000 })),
  ]);
  await sweep();
  expect(await left()).toEqual(
    ['always', 'other young', 'theirs', ...UNFINISHED.map((status) => `unfinished ${status}`), 'week young'].sort(),
  );
});

test('at most 500 runs go in one transaction, the oldest first', async () => {
  await insert(Array.from({ length: 1100 }, (_, index) => ({ id: `r${index}`, days: 31 + index })));
  expect((await sweep()).filter((count) => count > 0)).toEqual([500, 500, 100]);
  expect(await left()).toEqual([]);
});

test('a round goes on where it was; a run that it passed by is met by the next one, a day later', async () => {
  await insert([
    { id: 'parent', days: 0, status: 'PENDING' },
    { id: 'child', days: 900, parent: 'parent' },
    { id: 'old', days: 31 },
  ]);
  await sweep();
  expect(await left()).toEqual(['child', 'parent']);
  await insert([{ id: 'next', days: 31 }]);
  await database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = 'parent'`);
  expect(await sweep()).toEqual([]);
  await later('minute');
  await sweep();
  expect(await left()).toEqual(['child', 'parent']);
  await later('day');
  await sweep();
  await later('minute');
  await sweep();
  expect(await left()).toEqual(['parent']);
});

test('ends at the same millisecond are all found, whatever stays among them', async () => {
  await insert(
    Array.from({ length: 1300 }, (_, index) => ({
      id: `r${String(index).padStart(4, '0')}`,
      days: 40,
      name: index % 2 === 0 ? 'always' : 'other',
    })),
  );
  await database.query(`UPDATE dbos.workflow_status SET completed_at = 1700000000000`);
  await sweep();
  expect(await left()).toHaveLength(650);
});

test('while one process is at it, others leave it alone; what somebody changes just now stays', async () => {
  await insert([
    { id: 'resumed', days: 31, status: 'CANCELLED' },
    { id: 'old', days: 31 },
  ]);
  await db.transaction(async (other) => {
    await other.raw(
      `UPDATE dbos.workflow_status SET status = 'ENQUEUED', completed_at = NULL WHERE workflow_uuid = 'resumed'`,
    );
    await sweep();
  });
  expect(await left()).toEqual(['resumed']);
  await later('minute');
  await db.transaction(async (other) => {
    await other.raw('SELECT FROM holdfast.retention_rounds FOR UPDATE');
    expect(await sweepPage(db, 'ours')).toBeUndefined();
  });
});

test('a new time for a workflow holds for runs that were looked at before', async () => {
  await insert([
    { id: 'a', name: 'changing', days: 20 },
    { id: 'b', name: 'always', days: 20 },
  ]);
  await sweep();
  await saveRetention(db, 'ours', [{ workflow: 'changing', keepMs: 7 * DAY_MS }]);
  await sweep();
  expect(await left()).toEqual(['b']);
  await saveRetention(db, 'ours', [{ workflow: 'changing', keepMs: 7 * DAY_MS }]);
  expect(await sweep()).toEqual([]);
});

async function armed(...runIds: string[]): Promise<void> {
  await database.query(
    `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key)
     SELECT id, 0, 'Any.tool', 'compensable', '{}', id FROM unnest($1::text[]) AS id`,
    [runIds],
  );
}

async function requested(isStarted: boolean, ...runIds: string[]): Promise<void> {
  await database.query(
    `INSERT INTO holdfast.unwind_requests (run_id, started_at)
     SELECT id, CASE WHEN $2::boolean THEN now() END FROM unnest($1::text[]) AS id`,
    [runIds, isStarted],
  );
}

test('what a run may have to undo stays until that is undone, or was not to be', async () => {
  const old = { days: 31 };
  await insert([
    { id: 'failed', status: 'ERROR', ...old },
    { id: 'child of failed', parent: 'failed', ...old },
    { id: 'armed by itself', status: 'ERROR', ...old },
    { id: 'nothing to undo', status: 'ERROR', ...old },
    { id: 'succeeded', ...old },
    { id: 'cancelled', status: 'CANCELLED', ...old },
    { id: 'asked for', status: 'CANCELLED', ...old },
    { id: 'child of asked for', parent: 'asked for', ...old },
    { id: 'under way', status: 'ERROR', ...old },
    { id: 'child of under way', parent: 'under way', ...old },
    { id: 'under way-unwind', status: 'DELAYED', days: 30 },
  ]);
  await armed('child of failed', 'armed by itself', 'succeeded', 'cancelled', 'under way');
  await requested(false, 'asked for');
  await requested(true, 'under way');
  await sweep();
  const stay = ['failed', 'armed by itself', 'asked for', 'under way'];
  const children = ['child of failed', 'child of asked for', 'child of under way'];
  expect(await left()).toEqual([...stay, ...children, 'under way-unwind'].sort());
});

test('an unwinding run goes with the run that it has unwound, once both are old enough', async () => {
  await insert([
    { id: 'both', status: 'ERROR', days: 40 },
    { id: 'both-unwind', days: 31 },
    { id: 'left', status: 'ERROR', days: 40 },
    { id: 'left-unwind', status: 'CANCELLED', days: 31 },
    { id: 'late', status: 'ERROR', days: 40 },
    { id: 'late-unwind', days: 29 },
    { id: 'for ever', status: 'ERROR', days: 40, name: 'always' },
    { id: 'for ever-unwind', days: 31 },
    { id: 'named like-unwind', days: 31 },
    { id: 'named like', days: 1 },
  ]);
  await armed('left');
  await requested(true, 'both', 'left', 'late', 'for ever');
  await sweep();
  expect(await left()).toEqual(['for ever', 'for ever-unwind', 'late', 'late-unwind', 'named like']);
});

const family = fc.array(
  fc.record({
    status: fc.constantFrom(...ENDED, ...UNFINISHED),
    days: fc.constantFrom(6, 20, 40),
    name: fc.constantFrom('week', 'other', 'always'),
    parent: fc.option(fc.nat(9)),
    forkedFrom: fc.option(fc.nat(9), { freq: 4 }),
  }),
  { minLength: 1, maxLength: 10 },
);

/** The rule in plain words, for runs whose parents and sources come before them. */
function stays(rows: Required<Omit<Row, 'application'>>[], run: Required<Omit<Row, 'application'>>): boolean {
  const keepDays = { week: 7, other: 30, always: Infinity }[run.name]!;
  if (UNFINISHED.includes(run.status) || run.days < keepDays) return true;
  const below = new Set([run]);
  for (const row of below)
    for (const other of rows) if (other.parent === row.id || other.forkedFrom === row.id) below.add(other);
  const above = new Set(rows.filter((row) => row.id === run.parent));
  for (const row of above) for (const other of rows) if (other.id === row.parent) above.add(other);
  for (const row of above) for (const other of rows) if (other.forkedFrom === row.id) above.add(other);
  return [...below, ...above].some((row) => UNFINISHED.includes(row.status));
}

test('a run goes when its time has come and no unfinished run is above or below it', async () => {
  await fc.assert(
    fc.asyncProperty(family, async (members) => {
      const rows = members.map((member, index) => {
        const before = (other: number | null): string | null => (other !== null && other < index ? `r${other}` : null);
        return { ...member, id: `r${index}`, parent: before(member.parent), forkedFrom: before(member.forkedFrom) };
      });
      await empty();
      await insert(rows);
      await sweep();
      expect(await left()).toEqual(rows.filter((row) => stays(rows, row)).map((row) => row.id));
    }),
    { numRuns: 60 },
  );
});
