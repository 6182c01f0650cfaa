import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import {
  appendChunks,
  readChunks,
  removeChunks,
  replaceChunks,
  type TokenChunk,
} from '../../src/store/token-chunks.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
  for (const id of ['one', 'two'])
    await database.query(
      `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid) VALUES ($1, 'PENDING', 'Any.run', 'ours')`,
      [id],
    );
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

function chunk(runId: string, generation: string, start: number, text: string, token = 'ours'): TokenChunk {
  return { runId, token, stepId: 1, generation, start, deltas: [[0, 'text', text]] };
}

async function textOf(runId: string): Promise<string> {
  const [chunks] = await readChunks(db, [{ runId, id: 0 }]);
  return chunks!.flatMap(({ deltas }) => deltas.map(([, , text]) => text)).join('|');
}

test('pieces of those that have lost a run, and of runs that are gone, are refused; the others are not', async () => {
  const owners = await appendChunks(db, [
    chunk('one', 'a', 0, 'It '),
    chunk('two', 'a', 0, 'late', 'theirs'),
    chunk('none', 'a', 0, 'lost'),
  ]);
  expect(owners).toEqual(
    new Map([
      ['one', 'ours'],
      ['two', 'ours'],
    ]),
  );
  expect(await textOf('one')).toBe('It ');
  expect(await textOf('two')).toBe('');
});

test('nobody waits for a run that is locked, and its pieces are left out', async () => {
  await db.transaction(async (other) => {
    await other.raw(`SELECT FROM dbos.workflow_status WHERE workflow_uuid = 'two' FOR NO KEY UPDATE`);
    const owners = await appendChunks(db, [chunk('one', 'a', 3, 'rains'), chunk('two', 'a', 0, 'locked')]);
    expect([...owners.keys()]).toEqual(['one']);
  });
  expect(await textOf('one')).toBe('It |rains');
  expect(await textOf('two')).toBe('');
});

test('the attempt that said something last counts, also within one statement', async () => {
  await appendChunks(db, [chunk('one', 'b', 0, ''), chunk('one', 'c', 0, 'Snow')]);
  expect(await textOf('one')).toBe('Snow');
  const [first] = await readChunks(db, [{ runId: 'one', id: 0 }]);
  await appendChunks(db, [chunk('one', 'c', 4, '!')]);
  const [again, behind] = await readChunks(db, [
    { runId: 'one', id: 0 },
    { runId: 'one', id: first!.at(-1)!.id },
  ]);
  expect([again!.length, behind!.map(({ start }) => start)]).toEqual([2, [4]]);
});

test('a step becomes one piece, and is removed', async () => {
  await replaceChunks(db, [chunk('one', 'c', 0, 'Snow!'), chunk('two', 'd', 0, 'late', 'theirs')]);
  expect(await textOf('one')).toBe('Snow!');
  await removeChunks(db, [{ runId: 'one', stepId: 1 }]);
  expect(await database.query('SELECT FROM holdfast.token_chunks')).toEqual([]);
});
