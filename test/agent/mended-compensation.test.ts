// A compensation that was wrong is mended by a deploy, and sends another request than before: releasing the unwinding run lets it.

import { expect, test } from 'vitest';
import { callTool, tool, type ToolContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

/** What the code of today asks for to take a booking back. */
const code = { act: 'misspelt', item: 'nothing' };

class Travel {
  @tool({
    effect: 'compensable',
    description: 'Reserve',
    input: BookingSchema,
    retries: { attempts: 2, backoff: { initial: '1ms' } },
    compensate: async (_result: unknown, { item }, context) =>
      void (await ask(code.act, { item: code.act === 'cancel' ? item : code.item }, context)),
  })
  static async reserve(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @workflow()
  static async trip(): Promise<void> {
    await callTool(Travel.reserve, { item: 'hotel' });
    throw new Error('the trip is off');
  }
}

openBookings();
const served = serve({ services: [Travel] });

async function becomes(path: string, ...statuses: string[]): Promise<Record<string, unknown>> {
  return until(`the run is ${statuses.join(' or ')}`, async () => {
    const { body } = await served.call('GET', path);
    return statuses.includes(String(body.status)) ? body : undefined;
  });
}

test('the mended request is sent under the same key', async () => {
  bookings.refuse = 'nothing';
  const run = await served.run('Travel.trip');
  const path = `/v1/runs/${String(run.id)}-unwind`;
  await becomes(path, 'held');
  // Nobody has mended it.
  await served.call('POST', `${path}/release`);
  await until('it was tried again', () => bookings.log.filter((done) => done === 'misspelt nothing').length === 4);
  await becomes(path, 'held');
  Object.assign(code, { act: 'cancel' });
  await served.call('POST', `${path}/release`);
  expect(await becomes(path, 'held', 'succeeded')).toMatchObject({ status: 'succeeded', result: { undone: 1 } });
  expect(bookings.booked.size).toBe(0);
  const url = `${bookings.url}/cancel/hotel`;
  const effects = await served.database.query(
    'SELECT url, state, status, attempts FROM holdfast.effects WHERE run_id = $1',
    [`${String(run.id)}-unwind`],
  );
  expect(effects).toEqual([{ url, state: 'answered', status: 200, attempts: 5 }]);
});
