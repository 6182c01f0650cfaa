// Workflows that wait: for a time, for messages, for the test to let them go; and those that record time and chance.

import { z } from 'zod';
import {
  type Duration,
  now,
  parallel,
  progress,
  random,
  sleep,
  step,
  stepContext,
  uuid,
  waitFor,
  workflow,
} from '../../../src/index.ts';
import { bodyRan } from './bodies.ts';
import { heldUntilLetGo, STOPPING } from './curtain.ts';

const Greeting = z.strictObject({ text: z.string(), loud: z.boolean().default(false) });

export interface Listening {
  topics: string[];
  timeout?: Duration;
  checked?: boolean;
}

export class Waits {
  @workflow()
  static async naps(durations: Duration[]): Promise<string> {
    for (const duration of durations) await sleep(duration);
    await Waits.mark('awake');
    return 'rested';
  }

  @workflow()
  static async until(ms: number): Promise<string> {
    await sleep(new Date((await now()) + ms));
    await sleep(new Date(0));
    return Waits.mark('awake');
  }

  /** Waits for a message on each topic in turn, with a step after each. */
  @workflow()
  static async listens({ topics, timeout, checked }: Listening): Promise<unknown[]> {
    const heard: unknown[] = [];
    for (const topic of topics) {
      const options = {
        ...(timeout === undefined ? {} : { timeout }),
        ...(checked ? { schema: Greeting } : {}),
      };
      heard.push((await waitFor(topic, options)) ?? null);
      await Waits.mark(`heard ${topic}`);
    }
    return heard;
  }

  /** Says what was wrong with the message instead of failing. */
  @workflow()
  static async forgiving(topic: string): Promise<unknown> {
    try {
      return await waitFor(topic, { schema: Greeting });
    } catch (error) {
      const { code, details } = error as { code: string; details: unknown };
      return { code, details, next: await waitFor(topic, { schema: Greeting }) };
    }
  }

  /** Waits for both topics at the same time. */
  @workflow()
  static async both(): Promise<unknown[]> {
    const heard = await Promise.all([waitFor('left'), waitFor('right')]);
    await Waits.mark('both');
    return heard;
  }

  /** Waits for a message or a time, whichever comes first. */
  @workflow()
  static async either(ms: number): Promise<unknown> {
    const first = await Promise.race([waitFor('now'), sleep(ms).then(() => 'too late')]);
    await Waits.mark('either');
    return first;
  }

  @workflow()
  static async holding(name: string): Promise<string> {
    await Waits.mark('before');
    const held = await Waits.hold(name);
    await Waits.mark('after');
    return held;
  }

  @workflow()
  static async chances(): Promise<unknown> {
    const values = { at: await now(), chance: await random(), id: await uuid() };
    await waitFor('go', { timeout: '1m' });
    const later = { at: await now(), chance: await random(), id: await uuid() };
    return { values, later, differ: later.chance !== values.chance && later.id !== values.id && later.at >= values.at };
  }

  /** Waits in every way there is, with a replay of all that came before in between. */
  @workflow()
  static async everything(): Promise<unknown> {
    await progress('begun');
    const chance = await random();
    const first = await waitFor('first', { schema: Greeting });
    await sleep('30ms');
    const inner = await parallel([1, 2, 3], async (n) => {
      await Waits.mark(`branch ${n}`);
      const heard = await waitFor(`branch ${n}`);
      await sleep(n * 5);
      return [heard, await Waits.mark(`end of branch ${n}`)];
    });
    const none = await waitFor('nothing', { timeout: 20 });
    await progress('ended');
    return { chance, first, inner, none: none === undefined };
  }

  /** Has a history of several pages before it waits, and goes on. */
  @workflow()
  static async remembers({ steps, size }: { steps: number; size: number }): Promise<number> {
    let length = 0;
    for (let n = 0; n < steps; n += 1) length += (await Waits.page(n, size)).length;
    await waitFor('go');
    for (let n = 0; n < 5; n += 1) length += (await Waits.page(steps + n, size)).length;
    return length;
  }

  /** Is in the middle of a step when the service stops, and ends it in time. */
  @workflow()
  static async interrupted(): Promise<string[]> {
    return [await Waits.mark('before'), await Waits.untilStop(), await Waits.mark('after')];
  }

  /** Is in the middle of a step when the service stops, and does not end it. */
  @workflow()
  static async cutOff(): Promise<string[]> {
    return [await Waits.mark('before'), await Waits.stuck(), await Waits.mark('after')];
  }

  @step()
  static async mark(name: string): Promise<string> {
    bodyRan(`mark ${name}`);
    return name;
  }

  @step()
  static async page(n: number, size: number): Promise<string> {
    bodyRan('page');
    return `${n} `.repeat(size);
  }

  @step()
  static async hold(name: string): Promise<string> {
    bodyRan('hold');
    const aborted = Promise.withResolvers<never>();
    const { signal } = stepContext();
    signal.addEventListener('abort', () => aborted.reject(new Error('told to stop')));
    await Promise.race([heldUntilLetGo(name), aborted.promise]);
    return name;
  }

  @step()
  static async untilStop(): Promise<string> {
    bodyRan('untilStop');
    await heldUntilLetGo(STOPPING);
    await new Promise((resolve) => setTimeout(resolve, 30));
    return 'ended in time';
  }

  @step()
  static async stuck(): Promise<string> {
    if (bodyRan('stuck') === 1) await new Promise(() => {});
    return 'done again';
  }
}
