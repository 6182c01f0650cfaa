import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createApp,
  now,
  parallel,
  progress,
  random,
  sleep,
  start,
  step,
  transaction,
  uuid,
  waitFor,
  workflow,
} from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** What new code calls where old code called the step `Talk.first`, and the name of that call. */
const verbs: [name: string, call: () => Promise<unknown>][] = [
  ['Talk.other', () => Talk.other()],
  ['Talk.write', () => Talk.write()],
  ['sleep', () => sleep(1)],
  ['now', () => sleep(new Date())],
  ['waitFor', () => waitFor('never', { timeout: 1 })],
  ['progress', () => progress(1)],
  ['now', () => now()],
  ['random', () => random()],
  ['uuid', () => uuid()],
  ['Talk.end', () => start(Talk.end, undefined)],
  ['Talk.end', () => Talk.end()],
  ['Talk.other', () => parallel([1], () => Talk.other())],
];

/** Runs the verb with this number instead of the step when the code is new. */
let isNew: boolean;
let caught: unknown[];

class Talk {
  @workflow()
  static async run(verb: number): Promise<string> {
    if (!isNew) {
      await Talk.first();
      return String(await waitFor('go'));
    }
    try {
      await verbs[verb]![1]();
    } catch (error) {
      caught.push(error);
    }
    return 'went on';
  }

  /** Old code takes a step after it has started a child; new code asks for the child's result first. */
  @workflow()
  static async ask(): Promise<void> {
    const child = await start(Talk.end, undefined);
    if (isNew) await child.result().catch((error: unknown) => caught.push(error));
    await Talk.first();
    await waitFor('go');
  }

  @workflow()
  static async end(): Promise<string> {
    return 'end';
  }

  @step()
  static async first(): Promise<string> {
    return 'first';
  }

  @step()
  static async other(): Promise<string> {
    return 'other';
  }

  @transaction()
  static async write(): Promise<string> {
    return 'write';
  }
}

const app = createApp({ services: [Talk] });

describe.each(['holdfast', 'stock'] as const)('on the engine %s', (engine) => {
  let database: TestDatabase;
  let ids: string[];

  const serve = () => startService({ app, databaseUrl: database.url, config: { engine } });

  beforeAll(async () => {
    database = await freshDatabase();
    isNew = false;
    caught = [];
    await using service = await serve();
    const started = [
      ...(await Promise.all(
        verbs.map((_, verb) => service.call('POST', '/v1/workflows/Talk.run/runs', { body: verb })),
      )),
      await service.call('POST', '/v1/workflows/Talk.ask/runs'),
    ];
    ids = started.map(({ body }) => String(body.id));
    await until('the first steps', async () => {
      const done = await database.query(`SELECT FROM holdfast.steps WHERE name = 'Talk.first'`);
      return done.length === ids.length;
    });
  });

  afterAll(() => database?.drop());

  test('no durable call lets code go on, or hear of it, where the history has something else', async () => {
    isNew = true;
    await using service = await serve();
    // Parked runs do nothing before the message for which they wait.
    for (const id of ids) await service.call('POST', `/v1/runs/${id}/messages/go`, { body: 'gone' });
    const read = async (id: string): Promise<Record<string, unknown>> =>
      (await service.call('GET', `/v1/runs/${id}`)).body;
    await until('the holds', async () => {
      const runs = await Promise.all(ids.map(read));
      return runs.every((run) => run.status !== 'running' && run.status !== 'queued');
    });
    const all = await Promise.all(ids.map(read));
    const names = [...verbs.map(([name]) => ({ stepId: 0, name })), { stepId: 1, name: 'result' }];
    expect(all.map(({ status, held }) => ({ status, held }))).toMatchObject(
      names.map(({ stepId, name }) => ({
        status: 'held',
        held: { reason: 'unexpected_step', stepId, expected: name, found: 'Talk.first' },
      })),
    );
    expect(caught).toEqual([]);
  });

  test('each goes on with the code that it began with', async () => {
    isNew = false;
    await using service = await serve();
    for (const id of ids) {
      await service.call('POST', `/v1/runs/${id}/release`);
    }
    for (const id of ids) {
      const ended = await service.call('GET', `/v1/runs/${id}/result?wait=20`);
      expect(ended.body).toMatchObject({ status: 'succeeded' });
    }
  });
});
