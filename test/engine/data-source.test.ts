import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createApp, currentRunId, db, step, transaction, workflow } from '../../src/index.ts';
import { startService, type TestService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

class Ledger {
  static bodies = 0;
  static inBody: () => unknown = () => {};

  @workflow()
  static async post(note: string) {
    return Ledger.write(note);
  }

  @workflow()
  static async postSerializable(note: string) {
    return Ledger.add(note);
  }

  @workflow()
  static async survives() {
    const code = await Ledger.write('lost').catch((error: { code: string }) => error.code);
    return [code, await Ledger.count()];
  }

  @workflow()
  static async insideStep() {
    return Ledger.nested();
  }

  @transaction()
  static async write(note: string): Promise<Date> {
    Ledger.bodies += 1;
    await db().raw('INSERT INTO notes (run_id, note) VALUES (?, ?)', [currentRunId() ?? 'none', note]);
    await Ledger.inBody();
    return new Date(0);
  }

  @transaction({ isolation: 'serializable' })
  static async add(note: string): Promise<number> {
    Ledger.bodies += 1;
    const { rows } = await db().raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM notes');
    await Ledger.inBody();
    await db().raw('INSERT INTO notes (run_id, note) VALUES (?, ?)', [currentRunId()!, note]);
    return rows[0]!.n;
  }

  @transaction({ readOnly: true })
  static async count(): Promise<number> {
    const { rows } = await db().raw<{ rows: { n: number }[] }>('SELECT count(*)::int AS n FROM notes');
    return rows[0]!.n;
  }

  @step()
  static async nested(): Promise<unknown> {
    return Ledger.write('nested');
  }
}

let database: TestDatabase;
let proxy: TcpProxy;
let service: TestService;

beforeAll(async () => {
  database = await freshDatabase();
  await database.query('CREATE TABLE notes (run_id text NOT NULL, note text NOT NULL UNIQUE)');
  proxy = await openTcpProxy(Number(new URL(database.url).port));
  const through = new URL(database.url);
  through.port = String(proxy.port);
  service = await startService({ app: createApp({ services: [Ledger] }), databaseUrl: through.href });
});

afterAll(async () => {
  await service?.stop();
  proxy?.close();
  await database?.drop();
});

beforeEach(async () => {
  await database.query('DELETE FROM notes');
  Ledger.bodies = 0;
  Ledger.inBody = () => {};
});

async function run(workflow: string, body?: unknown): Promise<Record<string, unknown>> {
  const headers = { Prefer: 'wait=20' };
  return (
    await service.call('POST', `/v1/workflows/${workflow}/runs`, body === undefined ? { headers } : { body, headers })
  ).body;
}

/** Breaks the connection of the first transaction that gets here; later ones pass. */
function once(act: () => unknown): () => unknown {
  let done = false;
  return () => {
    if (done) return undefined;
    done = true;
    return act();
  };
}

function notes(): Promise<{ note: string }[]> {
  return database.query('SELECT note FROM notes ORDER BY note');
}

test('a transaction whose commit was not answered is looked up, not done again', async () => {
  Ledger.inBody = once(() => proxy.loseAnswerTo('COMMIT'));
  const resets = proxy.resets;
  expect(await run('Ledger.post', 'committed')).toMatchObject({
    status: 'succeeded',
    result: '1970-01-01T00:00:00.000Z',
  });
  expect(proxy.resets).toBe(resets + 1);
  expect(Ledger.bodies).toBe(1);
  expect(await notes()).toEqual([{ note: 'committed' }]);
});

test('a transaction that lost its connection before the commit is done again', async () => {
  Ledger.inBody = once(() => proxy.loseAnswerTo('DO NOTHING'));
  expect(await run('Ledger.post', 'once')).toMatchObject({ status: 'succeeded' });
  expect(Ledger.bodies).toBe(2);
  expect(await notes()).toEqual([{ note: 'once' }]);
});

test('a statement of the body that lost its connection is no outcome either', async () => {
  Ledger.inBody = once(async () => {
    proxy.loseAnswerTo('SELECT 42');
    await db().raw('SELECT 42');
  });
  expect(await run('Ledger.post', 'again')).toMatchObject({ status: 'succeeded' });
  expect(Ledger.bodies).toBe(2);
  expect(await notes()).toEqual([{ note: 'again' }]);
});

test('transactions that lose against each other are done again', async () => {
  let arrived = 0;
  const both = Promise.withResolvers<void>();
  Ledger.inBody = () => {
    arrived += 1;
    if (arrived === 2) both.resolve();
    return both.promise;
  };
  const runs = await Promise.all([run('Ledger.postSerializable', 'a'), run('Ledger.postSerializable', 'b')]);
  expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  expect(runs.map(({ result }) => Number(result)).toSorted((a, b) => a - b)).toEqual([0, 1]);
  expect(Ledger.bodies).toBeGreaterThan(2);
});

test('an error of the body rolls back and is an outcome, once', async () => {
  Ledger.inBody = () => {
    throw Object.assign(new Error('not covered'), { code: 'not_covered', details: { by: 5 } });
  };
  expect(await run('Ledger.post', 'gone')).toMatchObject({
    status: 'failed',
    error: { code: 'not_covered', details: { by: 5 } },
  });
  expect(Ledger.bodies).toBe(1);
  expect(await notes()).toEqual([]);
});

test('a statement that the database refuses is an outcome, by its SQLSTATE', async () => {
  await database.query(`INSERT INTO notes VALUES ('other', 'taken')`);
  expect(await run('Ledger.post', 'taken')).toMatchObject({ status: 'failed', error: { code: '23505' } });
  expect(Ledger.bodies).toBe(1);
});

test('a connection that somebody else lost is an outcome: the transaction still had its own', async () => {
  Ledger.inBody = async () => {
    throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' });
  };
  expect(await run('Ledger.survives')).toMatchObject({ status: 'succeeded', result: ['ECONNREFUSED', 0] });
  expect(Ledger.bodies).toBe(1);
});

test('outside of a run a transaction is one all the same, and can be done again', async () => {
  expect(await Ledger.write('outside')).toEqual(new Date(0));
  await expect(Ledger.write('outside')).rejects.toMatchObject({ code: '23505' });
  expect(await notes()).toEqual([{ note: 'outside' }]);
  expect(() => db()).toThrowError(expect.objectContaining({ code: 'not_in_transaction' }));
});

test('a transaction in a step is refused: it could commit and be done again with the step', async () => {
  expect(await run('Ledger.insideStep')).toMatchObject({ status: 'failed', error: { code: 'transaction_in_step' } });
  expect(Ledger.bodies).toBe(0);
});
