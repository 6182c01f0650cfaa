import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, type CompensationContext, tool, type ToolContext, waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

class Trip {
  static seen: { result: unknown; forwardKey: string; key: string }[] = [];

  @workflow({ input: z.array(z.string()) })
  static async book(items: string[]): Promise<void> {
    for (const item of items) {
      if (item === 'wait') await waitFor('go');
      else if (item === 'letter') await callTool(Trip.letter, { item });
      else await callTool(Trip.reserve, { item });
    }
    throw new Error('the trip is off');
  }

  @workflow({ input: z.string() })
  static async insisted(item: string): Promise<void> {
    await callTool(Trip.insist, { item });
  }

  @workflow({ input: z.string() })
  static async phoned(item: string): Promise<void> {
    await callTool(Trip.phone, { item });
  }

  @workflow({ input: z.array(z.string()) })
  static async nested(items: string[]): Promise<void> {
    await callTool(Trip.reserve, { item: 'insurance' });
    await Trip.book(items);
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve',
    input: BookingSchema,
    retries: { attempts: 1 },
    compensate: async (result: { id: string } | undefined, args, context: CompensationContext) => {
      Trip.seen.push({ result, forwardKey: context.forwardKey, key: context.idempotencyKey });
      await ask('cancel', args, context);
    },
  })
  static async reserve(args: Booking, context: ToolContext): Promise<{ id: string }> {
    if (args.item === 'nowhere') throw new Error('there is no such place');
    return ask('book', args, context);
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve, and ask again when the answer is no',
    input: BookingSchema,
    retries: { attempts: 2, backoff: { initial: '1ms' } },
    compensate: async (_result: unknown, args, context: CompensationContext) =>
      void (await ask('cancel', args, context)),
  })
  static async insist(args: Booking, context: ToolContext): Promise<{ id: string }> {
    return ask('book', args, context);
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve without a request that is known of',
    input: BookingSchema,
    reconcile: async (key) => bookings.booked.get(key),
    compensate: async (_result: unknown, _args, { forwardKey }: CompensationContext) =>
      void bookings.booked.delete(forwardKey),
  })
  static async phone({ item }: Booking, { idempotencyKey }: ToolContext): Promise<string> {
    bookings.booked.set(idempotencyKey, item);
    throw new Error('the line is dead');
  }

  @tool({ effect: 'irreversible', description: 'Send', input: BookingSchema, acknowledged: 'a test' })
  static async letter(args: Booking, context: ToolContext): Promise<void> {
    await ask('book', args, context);
  }
}

const served = serve({ services: [Trip] });

openBookings();
beforeEach(() => {
  Trip.seen = [];
});

async function start(items: string[], name = 'Trip.book'): Promise<string> {
  const { body } = await served.call<{ id: string }>('POST', `/v1/workflows/${name}/runs`, { body: items });
  return body.id;
}

async function statusOf(id: string): Promise<Record<string, any>> {
  return (await served.call('GET', `/v1/runs/${id}`)).body;
}

async function unwound(id: string, status = 'succeeded'): Promise<Record<string, any>> {
  await until(`${id}-unwind is ${status}`, async () => (await statusOf(`${id}-unwind`)).status === status);
  return statusOf(`${id}-unwind`);
}

test('a run that fails is unwound, the latest call first, with what the calls returned', async () => {
  const id = await start(['flight', 'hotel', 'car']);
  expect((await unwound(id)).result).toEqual({ undone: 3, nothingToUndo: 0 });
  expect(bookings.log).toEqual([
    'book flight',
    'book hotel',
    'book car',
    'cancel car',
    'cancel hotel',
    'cancel flight',
  ]);
  expect([...bookings.booked]).toEqual([]);
  expect(Trip.seen.map(({ result }) => result)).toEqual(
    ['car', 'hotel', 'flight'].map((item) => ({ id: `booking of ${item}` })),
  );
  expect(bookings.keys.size).toBe(6);
  for (const { forwardKey, key } of Trip.seen) expect([forwardKey, key].every((k) => bookings.keys.has(k))).toBe(true);
  const states = await served.database.query('SELECT state FROM holdfast.unwinding WHERE run_id = $1', [id]);
  expect(states).toEqual([{ state: 'undone' }, { state: 'undone' }, { state: 'undone' }]);
});

test('a call whose answer was lost may have acted, and is undone without its result', async () => {
  bookings.loseAnswerTo = 'hotel';
  const id = await start(['flight', 'hotel']);
  expect((await unwound(id)).result).toEqual({ undone: 2, nothingToUndo: 0 });
  expect(Trip.seen.map(({ result }) => result)).toEqual([undefined, { id: 'booking of flight' }]);
  expect([...bookings.booked]).toEqual([]);
});

test('a call that failed before anything was sent has nothing to undo', async () => {
  const id = await start(['flight', 'nowhere']);
  expect((await unwound(id)).result).toEqual({ undone: 1, nothingToUndo: 1 });
  expect(bookings.log).toEqual(['book flight', 'cancel flight']);
});

test('what a run below it did is undone, too, once', async () => {
  const id = await start(['flight'], 'Trip.nested');
  await unwound(id);
  await until('all is undone', () => bookings.booked.size === 0);
  expect(new Set(Trip.seen.map(({ forwardKey }) => forwardKey)).size).toBe(2);
});

test('a run and one below it that undo the same call at the same time do not hold each other up', async () => {
  bookings.awaitsSecond = 'cancel flight';
  const id = await start(['flight'], 'Trip.nested');
  await unwound(id);
  const [child] = await served.database.query('SELECT id FROM holdfast.runs WHERE parent_id = $1', [id]);
  await unwound(child.id);
  expect(bookings.log.filter((line) => line === 'cancel flight').length).toBeGreaterThan(1);
  expect([...bookings.booked]).toEqual([]);
});

test('a compensation that fails for good holds the unwinding run, which tries again when it is released', async () => {
  const id = await start(['flight', 'hotel', 'wait']);
  await until('both are booked', () => bookings.booked.size === 2);
  bookings.refuse = 'flight';
  await served.call('POST', `/v1/runs/${id}/messages/go`, { body: {} });
  const { held } = await unwound(id, 'held');
  expect(held).toMatchObject({ reason: 'compensation_failed' });
  expect(held.message).toContain("'Trip.reserve' (step 0 of run");
  expect(held.message).toContain("Left to undo: 'Trip.reserve' (step 0)");
  expect([...bookings.booked.values()]).toEqual(['flight']);
  bookings.refuse = '';
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  await unwound(id);
  expect([...bookings.booked]).toEqual([]);
});

test('the unwinding stops at what nobody can undo, and goes on when a person says so', async () => {
  const id = await start(['flight', 'letter', 'hotel']);
  const { held } = await unwound(id, 'held');
  expect(held).toMatchObject({ reason: 'irreversible_effect' });
  expect(held.message).toContain("Left to undo: 'Trip.reserve' (step 0)");
  expect(bookings.log).toEqual(['book flight', 'book letter', 'book hotel', 'cancel hotel']);
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  expect((await unwound(id)).result).toEqual({ undone: 2, nothingToUndo: 0 });
  expect(bookings.log.at(-1)).toBe('cancel flight');
});

test('a cancelled run is unwound when that is asked for, and only then', async () => {
  const [kept, undone] = await Promise.all([start(['flight', 'wait']), start(['hotel', 'wait'])]);
  await until('both have booked', () => bookings.booked.size === 2);
  await served.call('POST', `/v1/runs/${kept}/cancel`, { body: {} });
  await served.call('POST', `/v1/runs/${undone}/cancel`, { body: { unwind: true } });
  await unwound(undone);
  expect([...bookings.booked.values()]).toEqual(['flight']);
  expect((await served.call('GET', `/v1/runs/${kept}-unwind`)).status).toBe(404);
});

test.each([
  ['a gateway gave up waiting', [504, 504]],
  ['an earlier attempt was never answered', [0, 429]],
])('a call that was refused may have acted when %s', async (_why, answers) => {
  bookings.answers = answers;
  const { body } = await served.call<{ id: string }>('POST', '/v1/workflows/Trip.insisted/runs', { body: 'hotel' });
  expect((await unwound(body.id)).result).toEqual({ undone: 1, nothingToUndo: 0 });
  expect([...bookings.booked]).toEqual([]);
});

test('a tool that acts without its fetch is asked what became of a call that failed', async () => {
  const { body } = await served.call<{ id: string }>('POST', '/v1/workflows/Trip.phoned/runs', { body: 'hotel' });
  expect((await unwound(body.id)).result).toEqual({ undone: 1, nothingToUndo: 0 });
  expect([...bookings.booked]).toEqual([]);
});

test('a call is not undone without what is recorded of it', async () => {
  const id = await start(['flight', 'wait']);
  await until('the flight is booked', () => bookings.booked.size === 1);
  bookings.refuse = 'flight';
  await served.call('POST', `/v1/runs/${id}/messages/go`, { body: {} });
  await unwound(id, 'held');
  await served.database.query('DELETE FROM holdfast.compensations WHERE run_id = $1', [id]);
  bookings.refuse = '';
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  const held = await until('the next hold', async () => {
    const { body } = await served.call<{ held?: { message: string } }>('GET', `/v1/runs/${id}-unwind`);
    return body.held?.message.includes('What is recorded of it was removed.') ? body.held : undefined;
  });
  expect(held).toMatchObject({ reason: 'compensation_failed' });
  expect([...bookings.booked.values()]).toEqual(['flight']);
});

test('an unwinding whose plan cannot be read tries again', async () => {
  const id = await start(['flight', 'wait']);
  await until('the flight is booked', () => bookings.booked.size === 1);
  await served.database.query('ALTER TABLE holdfast.compensations RENAME COLUMN wave TO tide');
  await served.call('POST', `/v1/runs/${id}/messages/go`, { body: {} });
  await until('the plan could not be read', async () => {
    const failed = await served.database.query('SELECT FROM holdfast.attempts WHERE run_id = $1', [`${id}-unwind`]);
    return failed.length > 0;
  });
  await served.database.query('ALTER TABLE holdfast.compensations RENAME COLUMN tide TO wave');
  expect((await unwound(id)).result).toEqual({ undone: 1, nothingToUndo: 0 });
});

test('nothing counts as accepted before a person could see the question', async () => {
  await served.database.query(`
    CREATE SEQUENCE questions;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM nextval('questions'); RAISE 'no holds today'; END $$;
    CREATE TRIGGER no_holds BEFORE INSERT ON holdfast.held_runs EXECUTE FUNCTION fail()`);
  const id = await start(['flight', 'letter']);
  await until(
    'the run was to be held',
    async () => (await served.database.query('SELECT is_called FROM questions'))[0].is_called,
  );
  const states = await served.database.query(
    'SELECT state FROM holdfast.unwinding WHERE run_id = $1 ORDER BY step_id',
    [id],
  );
  expect(states).toEqual([{ state: 'armed' }, { state: 'closed' }]);
  await served.database.query('DROP TRIGGER no_holds ON holdfast.held_runs');
  await unwound(id, 'held');
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  expect((await unwound(id)).result).toEqual({ undone: 1, nothingToUndo: 0 });
});
