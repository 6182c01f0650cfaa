// A small app whose workflows use every durable verb once.

import { z } from 'zod';
import {
  db,
  now,
  parallel,
  progress,
  random,
  sleep,
  step,
  stepContext,
  transaction,
  uuid,
  waitFor,
  workflow,
} from '../../../src/index.ts';

const Order = z.strictObject({ item: z.string().min(1), count: z.number().int().positive().default(1) });
const Greeting = z.object({ text: z.string() });

export class Shop {
  /** How often the body of each step ran in this process. */
  static bodies: Record<string, number> = {};
  /** Steps that wait for a release by the test, by name. */
  static held = new Map<string, PromiseWithResolvers<void>>();

  @workflow({ input: Order })
  static async order(order: z.output<typeof Order>) {
    const price = await Shop.price(order.item);
    const id = await Shop.store(order.item, order.count);
    return { id, total: price * order.count };
  }

  @workflow()
  static async verbs() {
    const first = await waitFor('greeting', { schema: Greeting });
    const none = await waitFor('nothing', { timeout: 1 });
    await progress({ heard: first!.text });
    await sleep('10ms');
    const values = await parallel([3, 2, 1], async (n) => {
      const price = await Shop.price('x'.repeat(n));
      await sleep(n * 5);
      return price + (await Shop.price('y'));
    });
    return {
      first,
      none: none === undefined,
      values,
      at: typeof (await now()),
      chance: await random(),
      id: (await uuid()).length,
    };
  }

  @workflow()
  static async holds(name: string) {
    await Shop.hold(name);
    return Shop.price(name);
  }

  @workflow()
  static async fails() {
    await Shop.breaks();
  }

  @workflow()
  static async parent(count: number) {
    return parallel(
      Array.from({ length: count }, (_, index) => index),
      (index) => Shop.order({ item: 'x'.repeat(index + 1), count: 1 }),
    );
  }

  @step()
  static async price(item: string) {
    Shop.bodies.price = (Shop.bodies.price ?? 0) + 1;
    return item.length;
  }

  @step()
  static async hold(name: string) {
    const held = Promise.withResolvers<void>();
    Shop.held.set(name, held);
    const { signal } = stepContext();
    signal.addEventListener('abort', () => held.reject(new Error('told to stop')));
    await held.promise;
  }

  @transaction()
  static async store(item: string, count: number) {
    const { rows } = await db().raw<{ rows: { size: number }[] }>('SELECT length(?::text) * ?::int AS size', [
      item,
      count,
    ]);
    return rows[0]!.size;
  }

  @step({ retries: { attempts: 3, backoff: { initial: 1 } } })
  static async breaks(): Promise<void> {
    throw Object.assign(new Error(`attempt ${stepContext().attempt} broke`), {
      code: 'broken',
      details: { part: 'axle' },
    });
  }
}
