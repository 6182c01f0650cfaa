// What is still under way when a run is unwound: calls that were left behind, and runs below it.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, start, tool, type ToolContext, waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

/** What the slow calls wait for. */
let gate = Promise.withResolvers<void>();
const late: unknown[] = [];

class Travel {
  @workflow()
  static async leaveBehind(): Promise<void> {
    const slow = callTool(Travel.slow, { item: 'slow' });
    slow.catch(() => {});
    await callTool(Travel.reserve, { item: 'flight' });
    await until('the slow call has begun', () => late.includes('begun'));
    throw new Error('the trip is off');
  }

  @workflow()
  static async withChild(): Promise<void> {
    await callTool(Travel.reserve, { item: 'flight' });
    await start(Travel.child, 'hotel');
    await until('the child has booked', () => bookings.booked.size === 2);
    throw new Error('the trip is off');
  }

  @workflow()
  static async child(item: string): Promise<void> {
    await callTool(Travel.reserve, { item });
    await waitFor('never');
    await callTool(Travel.reserve, { item: 'car' });
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
    description: 'Reserve, later',
    input: z.object({ item: z.string() }),
    compensate: async (_result: unknown, args, context) => void (await ask('cancel', args, context)),
  })
  static async slow(args: Booking, context: ToolContext): Promise<unknown> {
    late.push('begun');
    await gate.promise;
    return ask('book', args, context).catch((error: unknown) => void late.push(error));
  }
}

openBookings();
const served = serve({ services: [Travel] });

beforeEach(() => {
  gate = Promise.withResolvers();
  late.length = 0;
});
afterEach(() => gate.resolve());

async function unwoundRun(workflow: string): Promise<string> {
  const { body } = await served.call<{ id: string }>('POST', `/v1/workflows/Travel.${workflow}/runs`);
  await until('the run is unwound', async () => {
    const { body: unwinding } = await served.call('GET', `/v1/runs/${body.id}-unwind`);
    return unwinding.status === 'succeeded';
  });
  return body.id;
}

test('a call that was left behind sends nothing once its run is unwound', async () => {
  const id = await unwoundRun('leaveBehind');
  const log = [...bookings.log];
  gate.resolve();
  await until('the slow call was refused', () => late.length === 2);
  expect(late[1]).toMatchObject({ code: 'run_over' });
  expect(bookings.log).toEqual(log);
  expect(await served.database.query('SELECT FROM holdfast.receipts WHERE run_id = $1', [id])).toHaveLength(1);
  expect([...bookings.booked]).toEqual([]);
});

test('runs below it that still run are stopped, and what they did is undone', async () => {
  const id = await unwoundRun('withChild');
  const [child] = await served.database.query('SELECT status FROM holdfast.runs WHERE parent_id = $1', [id]);
  expect(child).toEqual({ status: 'cancelled' });
  expect(bookings.log).toEqual(['book flight', 'book hotel', 'cancel hotel', 'cancel flight']);
});
