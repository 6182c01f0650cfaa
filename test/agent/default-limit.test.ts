// Where a tool says nothing of its time, nothing that belongs to a call of it may take for ever.

import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { callTool, tool, type ToolContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

// Other files have loaded the module with the real limit, and shall find that again.
vi.hoisted(() => vi.resetModules());
vi.mock('../../src/define/tool.ts', async (original) => ({ ...(await original<object>()), LONGEST_ATTEMPT: '200ms' }));
afterAll(() => {
  vi.doUnmock('../../src/define/tool.ts');
  vi.resetModules();
});

const stuck = (): Promise<never> => new Promise(() => {});
const asked = { looks: 0, undoings: 0 };

class Slow {
  @tool({
    effect: 'compensable',
    description: 'Book',
    input: BookingSchema,
    reconcile: async () => {
      asked.looks += 1;
      return asked.looks < 3 ? stuck() : { id: 'found' };
    },
    compensate: async () => {},
  })
  static async book(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @tool({
    effect: 'compensable',
    description: 'Reserve',
    input: BookingSchema,
    retries: { attempts: 2, backoff: { initial: '1ms' } },
    compensate: async () => {
      asked.undoings += 1;
      return stuck();
    },
  })
  static async reserve(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @tool({ effect: 'transactional', description: 'Write', input: z.object({}) })
  static async write(): Promise<void> {
    return stuck();
  }

  @workflow()
  static async find(): Promise<unknown> {
    return callTool(Slow.book, { item: 'hotel' });
  }

  @workflow()
  static async fail(): Promise<void> {
    await callTool(Slow.reserve, { item: 'car' });
    throw new Error('the trip is off');
  }

  @workflow()
  static async note(): Promise<void> {
    await callTool(Slow.write, {});
  }
}

openBookings();
const served = serve({ services: [Slow] });
beforeEach(() => Object.assign(asked, { looks: 0, undoings: 0 }));

test('a reconcile that never returns is asked again', async () => {
  bookings.loseAnswerTo = 'hotel';
  expect(await served.run('Slow.find')).toMatchObject({ status: 'succeeded', result: { id: 'found' } });
  expect(asked.looks).toBe(3);
});

test('a compensation that never returns has failed: a person hears of it', async () => {
  const run = await served.run('Slow.fail');
  const held = await until('the hold', async () => {
    const { body } = await served.call('GET', `/v1/runs/${String(run.id)}-unwind`);
    return body.status === 'held' ? body.held : undefined;
  });
  expect(held).toMatchObject({ reason: 'compensation_failed' });
  expect(asked.undoings).toBe(2);
});

test('a transactional tool that never returns has failed', async () => {
  expect(await served.run('Slow.note')).toMatchObject({ status: 'failed', error: { code: 'step_timeout' } });
});
