import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { Shop } from '../support/apps/shop.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});

afterAll(() => database?.drop());

/** Forgetting old leases is a part of the start: here it takes so long that a run that is taken up too early gets far. */
const SLOW_START = `
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
  CREATE TRIGGER slow BEFORE DELETE ON holdfast.leases FOR EACH STATEMENT EXECUTE FUNCTION slow()`;

const app = createApp({ services: [Shop] });

test('runs that wait for a process when it starts are taken up once its methods can be called', async () => {
  {
    await using door = await startService({ app, databaseUrl: database.url, config: { role: 'api' } });
    for (let n = 0; n < 20; n += 1) await door.call('POST', '/v1/workflows/Shop.order/runs', { body: { item: 'tea' } });
  }
  await database.query(SLOW_START);
  await using _worker = await startService({ app, databaseUrl: database.url, config: { role: 'worker' } });
  await until('the runs', async () => {
    const [{ n }] = await database.query(
      `SELECT count(*)::int AS n FROM holdfast.runs WHERE status IN ('succeeded', 'failed')`,
    );
    return n === 20;
  });
  expect(await database.query(`SELECT DISTINCT status, error FROM holdfast.runs`)).toEqual([
    { status: 'succeeded', error: null },
  ]);
});
