import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { saveAnswer, sweepAnswers } from '../../src/store/model-answers.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 2, name: 'test' });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

test('what is too old is removed, and of the rest the oldest beyond the most', async () => {
  for (let n = 0; n < 6; n += 1) {
    await saveAnswer(db, { tenant: 'acme', key: String(n).repeat(64) }, JSON.stringify({ n }), n === 5 ? 1 : 60_000);
  }
  await database.query(
    `UPDATE holdfast.model_answers SET expires_at = now() - interval '1 second' WHERE answer @> '{"n": 5}'`,
  );
  await Promise.all([sweepAnswers(db, 3), sweepAnswers(db, 3)]);
  const left = await database.query(`SELECT answer ->> 'n' AS n FROM holdfast.model_answers ORDER BY made_at`);
  expect(left.map(({ n }) => n)).toEqual(['2', '3', '4']);
});
