// Runs that are unwound because somebody asks for it, and questions that unwinding runs ask.

import { expect, test } from 'vitest';
import { callTool, parallel, tool, type ToolContext, waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

/** Lets nobody through before two have come. */
class Meeting {
  #come = 0;
  readonly #met = Promise.withResolvers<void>();

  async attend(): Promise<void> {
    this.#come += 1;
    if (this.#come === 2) this.#met.resolve();
    await this.#met.promise;
  }
}

const meetings = { doing: new Meeting(), undoing: new Meeting() };

class Trip {
  @workflow()
  static async book(items: string[]): Promise<void> {
    for (const item of items) {
      if (item === 'letter') await callTool(Trip.letter, { item });
      else await callTool(Trip.reserve, { item });
    }
    if (items.length === 1) await waitFor('go');
    throw new Error('the trip is off');
  }

  @workflow()
  static async nested(items: string[]): Promise<void> {
    await callTool(Trip.reserve, { item: 'insurance' });
    await Trip.book(items);
  }

  @workflow()
  static async together(): Promise<void> {
    await callTool(Trip.reserve, { item: 'insurance' });
    await parallel(['flight', 'hotel'], (item) => callTool(Trip.meet, { item }));
    throw new Error('the trip is off');
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve',
    input: BookingSchema,
    compensate: async (_result: unknown, args, context) => void (await ask('cancel', args, context)),
  })
  static async reserve(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve; it is undone when another one is undone, too',
    input: BookingSchema,
    timeout: '5s',
    retries: { attempts: 1 },
    compensate: async (_result: unknown, args, context) => {
      await meetings.undoing.attend();
      await ask('cancel', args, context);
    },
  })
  static async meet(args: Booking, context: ToolContext): Promise<unknown> {
    await meetings.doing.attend();
    return ask('book', args, context);
  }

  @workflow()
  static async quoted(): Promise<void> {
    await callTool(Trip.quote, { item: 'flight' });
    throw new Error('the trip is off');
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve where errors say too much',
    input: BookingSchema,
    retries: { attempts: 1 },
    compensate: async () => {
      throw new Error('a\0b: https://shop.example/refunds?token=s3cret was refused with Bearer abcdefgh12345');
    },
  })
  static async quote(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @tool({ effect: 'irreversible', description: 'Send', input: BookingSchema, acknowledged: 'a test' })
  static async letter(args: Booking, context: ToolContext): Promise<void> {
    await ask('book', args, context);
  }
}

openBookings();
const served = serve({ services: [Trip] });

async function start(name: string, input?: unknown): Promise<string> {
  const { body } = await served.call<{ id: string }>('POST', `/v1/workflows/Trip.${name}/runs`, { body: input });
  return body.id;
}

const cancel = async (id: string, unwind: boolean): Promise<unknown> =>
  (await served.call('POST', `/v1/runs/${id}/cancel`, { body: { unwind } })).body.changed;

async function becomes(id: string, status: string): Promise<Record<string, any>> {
  return until(`${id} is ${status}`, async () => {
    const { body } = await served.call('GET', `/v1/runs/${id}`);
    return body.status === status ? body : undefined;
  });
}

test('a run that was cancelled before is unwound when somebody asks for it, once', async () => {
  const id = await start('book', ['flight']);
  await becomes(id, 'waiting');
  expect(await cancel(id, false)).toBe(true);
  expect(await cancel(id, false)).toBe(false);
  expect(await cancel(id, true)).toBe(true);
  expect(await cancel(id, true)).toBe(false);
  await becomes(`${id}-unwind`, 'succeeded');
  expect(bookings.log).toEqual(['book flight', 'cancel flight']);
});

test('a dead run can be resumed, and is unwound only when somebody asks for it', async () => {
  const id = await start('book', ['flight']);
  await becomes(id, 'waiting');
  await served.database.query(
    `UPDATE dbos.workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', owner_xid = NULL, completed_at = 1
      WHERE workflow_uuid = $1`,
    [id],
  );
  await becomes(`${await start('book', ['hotel', 'car'])}-unwind`, 'succeeded');
  expect(bookings.log).not.toContain('cancel flight');
  expect(await cancel(id, true)).toBe(true);
  await becomes(`${id}-unwind`, 'succeeded');
  expect(bookings.log).toContain('cancel flight');
  await becomes(id, 'dead');
});

test('a run that has succeeded is not unwound', async () => {
  const id = await start('book', ['flight']);
  await becomes(id, 'waiting');
  await served.database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = $1`, [id]);
  expect(await cancel(id, true)).toBe(false);
});

test('each unwinding that comes to what cannot be undone asks for itself', async () => {
  const id = await start('nested', ['flight', 'letter']);
  await becomes(`${id}-unwind`, 'held');
  await becomes(`${id}-1-unwind`, 'held');
  await served.call('POST', `/v1/runs/${id}-1-unwind/release`);
  await becomes(`${id}-1-unwind`, 'succeeded');
  expect(bookings.log.slice(-2)).toEqual(['book letter', 'cancel flight']);
  const { held } = await becomes(`${id}-unwind`, 'held');
  expect(held.message).toContain("Left to undo: 'Trip.reserve' (step 0), 'Trip.reserve' (step 0)");
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  await becomes(`${id}-unwind`, 'succeeded');
  expect(bookings.log.slice(-2)).toEqual(['cancel flight', 'cancel insurance']);
});

test('nobody is asked where nothing is left to undo before what cannot be undone', async () => {
  const id = await start('book', ['letter', 'flight']);
  expect((await becomes(`${id}-unwind`, 'succeeded')).result).toEqual({ undone: 1, nothingToUndo: 0 });
});

test('calls that were made at the same time are undone at the same time', async () => {
  const id = await start('together');
  expect((await becomes(`${id}-unwind`, 'succeeded')).result).toEqual({ undone: 3, nothingToUndo: 0 });
  expect(bookings.log.slice(3, 5).sort()).toEqual(['cancel flight', 'cancel hotel']);
  expect(bookings.log.at(-1)).toBe('cancel insurance');
});

test('what another server said is shown as far as it can be stored, and without its secrets', async () => {
  const { held } = await becomes(`${await start('quoted')}-unwind`, 'held');
  expect(held.message).toContain(
    'a\uFFFDb: https://shop.example/refunds?token=… was refused with Bearer …. Left to undo',
  );
});
