// Workflows for what comes from outside: they give back what they were given, in messages or as their input.

import { parallel, step, waitFor, workflow } from '../../../src/index.ts';

export class Parcels {
  /** Resolved when the even ones of `sort` may end. */
  static gate = Promise.withResolvers<void>();

  @workflow()
  static async echo(input: unknown) {
    return { input };
  }

  /** Returns the messages on `topic` that come until none does for 50 milliseconds, the first of them whenever it comes. */
  @workflow()
  static async collect(topic: string) {
    const messages = [await waitFor(topic)];
    for (;;) {
      const message: unknown = await waitFor(topic, { timeout: 50 });
      if (message === undefined) return messages;
      messages.push(message);
    }
  }

  /** Takes anything, and waits. */
  @workflow()
  static async ignore(_input: unknown) {
    await waitFor('nothing');
  }

  /** Returns one message on `first`, then one on `second`. */
  @workflow()
  static async pair() {
    const first: unknown = await waitFor('first');
    return [first, await waitFor('second')];
  }

  /** As many steps as are asked for, of which every other one ends first. */
  @workflow()
  static async sort(count: number) {
    await parallel(
      Array.from({ length: count }, (_, index) => index),
      (index) => Parcels.pass(index),
    );
  }

  @step()
  static async pass(index: number) {
    if (index % 2 === 0) await Parcels.gate.promise;
  }

  @workflow()
  static async breaks() {
    await Parcels.nul();
  }

  @step({ retries: { attempts: 2, backoff: { initial: 1 } } })
  static async nul(): Promise<void> {
    throw Object.assign(new Error('before\0after'), { code: 'with\0nul' });
  }
}
