// Sagas that are written by hand: a workflow registers what undoes what it does.

import { beforeEach, expect, test } from 'vitest';
import {
  callTool,
  compensateWith,
  step,
  stepContext,
  tool,
  type ToolContext,
  waitFor,
  workflow,
} from '../../src/index.ts';
import { configured, transaction } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ask, type Booking, bookings, BookingSchema, openBookings } from './support/bookings.ts';

const done: string[] = [];
const keys: (string | undefined)[] = [];
let failures = 0;

class Saga {
  @workflow()
  static async book(items: string[]): Promise<void> {
    for (const item of items) {
      await compensateWith(Saga.cancel, { item });
      await Saga.reserve({ item });
    }
    await callTool(Saga.insure, { item: 'insurance' });
    await compensateWith(Saga.apologize, { item: 'Ann' });
    if (items.includes('wait')) await waitFor('go');
    throw new Error('the trip is off');
  }

  @workflow()
  static async misuse(how: string): Promise<void> {
    if (how === 'unmarked') await compensateWith(async () => {}, {});
    else if (how === 'transaction') await compensateWith(Saga.write, {});
    else if (how === 'input') await compensateWith(Saga.cancel, { item: (() => {}) as unknown as string });
    else await Saga.inStep();
  }

  @workflow()
  static async instances(): Promise<void> {
    await compensateWith(Mailer.prototype.tell, 'bye', { on: french });
    throw new Error('the trip is off');
  }

  @step()
  static async reserve({ item }: Booking): Promise<void> {
    done.push(`reserve ${item}`);
  }

  @step({ retries: { attempts: 2, backoff: { initial: 1 } } })
  static async cancel({ item }: Booking): Promise<void> {
    const { idempotencyKey, signal } = stepContext();
    keys.push(idempotencyKey);
    signal.throwIfAborted();
    if (failures-- > 0) throw new Error('the office is closed');
    done.push(`cancel ${item}`);
  }

  @transaction()
  static async write(_input: unknown): Promise<void> {}

  @step()
  static async inStep(): Promise<void> {
    await compensateWith(Saga.cancel, { item: 'step' });
  }

  @tool({
    effect: 'compensable',
    description: 'Insure',
    input: BookingSchema,
    compensate: async (_result: unknown, { item }) => void done.push(`cancel ${item}`),
  })
  static async insure(args: Booking, context: ToolContext): Promise<unknown> {
    return ask('book', args, context);
  }

  @tool({ effect: 'irreversible', description: 'Apologize', input: BookingSchema, acknowledged: 'a test' })
  static async apologize({ item }: Booking, context: ToolContext): Promise<void> {
    await ask('book', { item: `flowers for ${item}` }, context);
    done.push(`apologize to ${item}`);
  }
}

class Mailer {
  readonly #greeting: string;

  constructor(greeting: string) {
    this.#greeting = greeting;
  }

  @step()
  async tell(text: string): Promise<void> {
    done.push(`${this.#greeting}: ${text}`);
  }
}

const french = configured('french', new Mailer('bonjour'));
const english = configured('english', new Mailer('hello'));

openBookings();
const served = serve({ services: [Saga, french, english] });

beforeEach(() => {
  done.length = 0;
  keys.length = 0;
  failures = 0;
});

async function start(name: string, input?: unknown): Promise<string> {
  const { body } = await served.call<{ id: string }>('POST', `/v1/workflows/Saga.${name}/runs`, { body: input });
  return body.id;
}

async function becomes(id: string, status: string): Promise<Record<string, any>> {
  return until(`${id} is ${status}`, async () => {
    const { body } = await served.call('GET', `/v1/runs/${id}`);
    return body.status === status ? body : undefined;
  });
}

test('what was registered is undone with the calls of tools, the latest first', async () => {
  const id = await start('book', ['flight', 'hotel']);
  expect((await becomes(`${id}-unwind`, 'succeeded')).result).toEqual({ undone: 4, nothingToUndo: 0 });
  expect(done.slice(2)).toEqual(['apologize to Ann', 'cancel insurance', 'cancel hotel', 'cancel flight']);
  // Those of the insurance and of the apology.
  expect(bookings.keys.size).toBe(2);
  expect(new Set(keys).size).toBe(2);
});

test('it is found again by a process that was started meanwhile', async () => {
  const id = await start('book', ['flight', 'wait']);
  await becomes(id, 'waiting');
  await served.restart();
  await served.call('POST', `/v1/runs/${id}/cancel`, { body: { unwind: true } });
  await becomes(`${id}-unwind`, 'succeeded');
  expect(done.slice(-2)).toEqual(['cancel wait', 'cancel flight']);
});

test('one that fails is tried again as its step says, and then holds the unwinding', async () => {
  failures = 2;
  const id = await start('book', ['flight']);
  const { held } = await becomes(`${id}-unwind`, 'held');
  expect(held.message).toContain("'Saga.cancel' (step 0 of run");
  await served.call('POST', `/v1/runs/${id}-unwind/release`);
  await becomes(`${id}-unwind`, 'succeeded');
  expect(keys).toEqual([keys[0], keys[0], keys[0]]);
});

test('of several instances the one that is named undoes', async () => {
  await becomes(`${await start('instances')}-unwind`, 'succeeded');
  expect(done).toEqual(['bonjour: bye']);
});

test.each([
  ['unmarked', 'invalid_compensation'],
  ['transaction', 'invalid_compensation'],
  ['input', 'not_serializable'],
  ['step', 'not_in_workflow'],
])('misused: %s', async (how, code) => {
  expect((await becomes(await start('misuse', how), 'failed')).error).toMatchObject({ code });
});
