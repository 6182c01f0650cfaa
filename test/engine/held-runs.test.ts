import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApp, progress, step, waitFor, workflow } from '../../src/index.ts';
import { startService, type TestService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** How often the body of each step ran. */
let bodies: Record<string, number>;
let database: TestDatabase;

beforeEach(async () => {
  bodies = {};
  database = await freshDatabase();
});

afterEach(() => database?.drop());

interface Steps {
  book(): Promise<string>;
  pay(): Promise<string>;
  reserve(): Promise<string>;
}

/** Returns the app whose workflow `Trip.plan` has `body`. */
function appWith(body: (steps: Steps) => Promise<unknown>) {
  class Trip {
    @workflow()
    static plan(): Promise<unknown> {
      return body(Trip);
    }

    @step()
    static book(): Promise<string> {
      return count('book');
    }

    @step()
    static pay(): Promise<string> {
      return count('pay');
    }

    @step()
    static reserve(): Promise<string> {
      return count('reserve');
    }
  }
  return createApp({ services: [Trip] });
}

async function count(name: string): Promise<string> {
  bodies[name] = (bodies[name] ?? 0) + 1;
  return name;
}

const original = appWith(async (trip) => {
  const first = await trip.book();
  const second = await trip.pay();
  await progress('paid');
  const word = await waitFor('go');
  return [first, second, word];
});

/** Code that takes every error for an outcome. */
const changes: Record<string, { app: ReturnType<typeof appWith>; stepId: number; expected: string; found: string }> = {
  'a renamed step': {
    app: appWith(async (trip) => {
      await trip.book();
      await trip.reserve().catch(() => 'caught');
      await waitFor('go').catch(() => 'caught');
    }),
    stepId: 1,
    expected: 'Trip.reserve',
    found: 'Trip.pay',
  },
  'an inserted step': {
    app: appWith(async (trip) => {
      await trip.reserve().catch(() => 'caught');
      await trip.book().catch(() => 'caught');
    }),
    stepId: 0,
    expected: 'Trip.reserve',
    found: 'Trip.book',
  },
  'a removed step': {
    app: appWith(async (trip) => {
      await trip.book();
      await progress('paid').catch(() => 'caught');
      return waitFor('go').catch(() => 'caught');
    }),
    stepId: 1,
    expected: 'progress',
    found: 'Trip.pay',
  },
  'steps in another order': {
    app: appWith(async (trip) => {
      await trip.pay().catch(() => 'caught');
      await trip.book().catch(() => 'caught');
    }),
    stepId: 0,
    expected: 'Trip.pay',
    found: 'Trip.book',
  },
};

describe.each(['holdfast', 'stock'] as const)('on the engine %s', (engine) => {
  const start = (app: ReturnType<typeof appWith>): Promise<TestService> =>
    startService({ app, databaseUrl: database.url, config: { engine } });

  /** Starts a run on the original code, and returns its id when it waits for its message and the service has stopped. */
  async function waitingRun(): Promise<string> {
    await using service = await start(original);
    const { body } = await service.call('POST', '/v1/workflows/Trip.plan/runs');
    const id = String(body.id);
    await until('the progress', async () => {
      const steps = await service.call<{ items: { name: string }[] }>('GET', `/v1/runs/${id}/steps`);
      return steps.body.items.some((item) => item.name === 'progress');
    });
    return id;
  }

  /** The message that the run waits for; a parked run does nothing before. */
  const wake = (service: TestService, id: string): Promise<unknown> =>
    service.call('POST', `/v1/runs/${id}/messages/go`, { body: 'now' });

  test.each(Object.entries(changes))('%s holds the run, and old code goes on with it', async (_, change) => {
    const id = await waitingRun();
    {
      await using changed = await start(change.app);
      await wake(changed, id);
      const held = await until('the hold', async () => {
        const { body } = await changed.call('GET', `/v1/runs/${id}`);
        return body.status === 'held' && body;
      });
      const { stepId, expected, found } = change;
      expect(held).toMatchObject({ held: { reason: 'unexpected_step', stepId, expected, found }, recoveries: 0 });
      const { body } = await changed.call<{ items: unknown[] }>('GET', '/v1/runs?status=held');
      expect(body.items).toMatchObject([{ id, status: 'held' }]);
    }
    await using restored = await start(original);
    expect((await restored.call('GET', `/v1/runs/${id}`)).body).toMatchObject({ status: 'held' });
    expect(await restored.call('POST', `/v1/runs/${id}/release`)).toMatchObject({
      status: 200,
      body: { changed: true },
    });
    const ended = await restored.call('GET', `/v1/runs/${id}/result?wait=20`);
    expect(ended.body).toMatchObject({ status: 'succeeded', result: ['book', 'pay', 'now'] });
    expect(bodies).toEqual({ book: 1, pay: 1 });
    expect(await database.query('SELECT FROM holdfast.held_runs')).toEqual([]);
  });

  test('a run that is released without a change of the code is held again', async () => {
    const id = await waitingRun();
    await using changed = await start(changes['a renamed step']!.app);
    await wake(changed, id);
    const heldAt = async (): Promise<unknown> => {
      const { body } = await changed.call<{ held: { at: string } | null }>('GET', `/v1/runs/${id}`);
      return body.held?.at;
    };
    const first = await until('the hold', heldAt);
    await changed.call('POST', `/v1/runs/${id}/release`);
    await until('the next hold', async () => {
      const at = await heldAt();
      return at !== undefined && at !== first;
    });
    expect(bodies).toEqual({ book: 1, pay: 1 });
  });

  test('a run that cannot be held yet goes no further, and is held when it can be', async () => {
    const id = await waitingRun();
    // A sequence counts what is rolled back, too.
    await database.query(
      `CREATE SEQUENCE tries MINVALUE 0;
       CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE 'refused %', nextval('tries'); END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON holdfast.held_runs FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    await using changed = await start(changes['a renamed step']!.app);
    await until('the second try', async () => {
      const [tries] = await database.query<{ last: number }>('SELECT last_value::int AS last FROM tries');
      return tries!.last > 0;
    });
    expect((await changed.call('GET', `/v1/runs/${id}`)).body).toMatchObject({ status: 'running', held: null });
    await database.query('DROP TRIGGER refuse ON holdfast.held_runs');
    await until('the hold', async () => (await changed.call('GET', `/v1/runs/${id}`)).body.status === 'held');
    expect(bodies).toEqual({ book: 1, pay: 1 });
  });

  test('a held run gives its place in the lane to the next one', async () => {
    const id = await waitingRun();
    const narrow = changes['a renamed step']!.app;
    narrow.lanes.default = { concurrency: 1 };
    await using changed = await start(narrow);
    await wake(changed, id);
    await until('the hold', async () => (await changed.call('GET', `/v1/runs/${id}`)).body.status === 'held');
    const { body } = await changed.call('POST', '/v1/workflows/Trip.plan/runs');
    await changed.call('POST', `/v1/runs/${String(body.id)}/messages/go`, { body: 'now' });
    const ended = await changed.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
    expect(ended.body).toMatchObject({ status: 'succeeded' });
  });
});
