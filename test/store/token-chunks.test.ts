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
  const [page] = await readChunks(db, [{ runId, id: 0 }]);
  return page!.chunks.flatMap(({ deltas }) => deltas.map(([, , text]) => text)).join('|');
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
    { runId: 'one', id: first!.lastId },
  ]);
  expect(again!.chunks.map(({ start }) => start)).toEqual([0, 4]);
  expect(behind!.chunks.map(({ start }) => start)).toEqual([4]);
});

test('a step becomes one piece, and is removed', async () => {
  await replaceChunks(db, [chunk('one', 'c', 0, 'Snow!'), chunk('two', 'd', 0, 'late', 'theirs')]);
  expect(await textOf('one')).toBe('Snow!');
  await removeChunks(db, [{ runId: 'one', stepId: 1 }]);
  expect(await database.query('SELECT FROM holdfast.token_chunks')).toEqual([]);
});

test('pages are read one after the other, and those of many steps are read as fast as those of one', async () => {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid) VALUES ('many', 'PENDING', 'Any.run', 'ours')`,
  );
  await database.query(
    `INSERT INTO holdfast.token_chunks (run_id, step_id, generation, start, deltas)
     SELECT 'many', step, 'a', n, '[[0, "text", "x"]]' FROM generate_series(0, 49) AS n, generate_series(1, 400) AS step`,
  );
  const begun = performance.now();
  let [read, pages] = [0, 0];
  for (let [id, more] = [0, true]; more; pages += 1) {
    const [page] = await readChunks(db, [{ runId: 'many', id }]);
    read += page!.chunks.length;
    ({ lastId: id, more } = page!);
  }
  expect([read, pages]).toEqual([20_000, 101]);
  expect(performance.now() - begun).toBeLessThan(8000);
});
