// Workflows that take steps: ones that succeed, fail, are tried again, run out of time, and return everything that can be recorded.

import { progress, step, stepContext, TerminalError, RetryableError, workflow } from '../../../src/index.ts';
import { bodyRan } from './bodies.ts';
import { megabyte, VALUES } from './values.ts';

interface Failure extends Error {
  code?: string;
  details?: unknown;
}

export class Steps {
  @workflow()
  static async sequence(count: number): Promise<number> {
    let sum = 0;
    for (let n = 1; n <= count; n += 1) sum += await Steps.add(n, 1);
    return sum;
  }

  @workflow()
  static async noSteps(input?: unknown): Promise<unknown> {
    return { got: input ?? 'nothing' };
  }

  @workflow()
  static async everyType(): Promise<Record<string, unknown>> {
    const results: Record<string, unknown> = {};
    for (const name of Object.keys(VALUES)) results[name.replaceAll('.', ' ')] = typeof (await Steps.value(name));
    return results;
  }

  /** Returns the value itself, so that it is also recorded as the run's result. */
  @workflow()
  static async returning(name: string): Promise<unknown> {
    return Steps.value(name);
  }

  @workflow()
  static async big(): Promise<string> {
    const text = await Steps.megabyte();
    const length = await Steps.lengthOf(text);
    return `${length} ${text}`;
  }

  @workflow()
  static async failing(how: string): Promise<void> {
    await Steps.fail(how);
  }

  @workflow()
  static async catching(): Promise<unknown[]> {
    const seen: unknown[] = [];
    for (const how of ['plain', 'coded', 'terminal', 'retryable', 'text', 'nothing']) {
      try {
        await Steps.fail(how);
      } catch (error) {
        const { name, code, message, details } = error as Failure;
        seen.push({ name, code, message, details });
      }
    }
    seen.push(await Steps.add(1, 1));
    return seen;
  }

  @workflow()
  static async throwing(how: string): Promise<void> {
    await Steps.add(1, 2);
    throwFailure(how);
  }

  @workflow()
  static async retried(failures: number): Promise<number> {
    return Steps.flaky(failures);
  }

  @workflow()
  static async slow(timeouts: number): Promise<number> {
    return Steps.sluggish(timeouts);
  }

  @workflow()
  static async unrecordable(): Promise<string> {
    try {
      await Steps.function();
      return 'recorded';
    } catch (error) {
      return (error as Failure).code!;
    }
  }

  @workflow()
  static async unrecordableResult(): Promise<unknown> {
    await Steps.add(1, 1);
    return { answer: () => 42 };
  }

  /** Single steps at the same time: their calls start in order, whatever the order of their ends. */
  @workflow()
  static async together(): Promise<unknown> {
    const sums = await Promise.all([30, 20, 10, 0].map((ms) => Steps.after(ms)));
    const settled = await Promise.allSettled([Steps.after(10), Steps.fail('coded'), Steps.after(0)]);
    return { sums, settled: settled.map(({ status }) => status) };
  }

  /** A step that calls another one: the inner one is an ordinary call. */
  @workflow()
  static async nested(): Promise<number> {
    return (await Steps.outer()) + (await Steps.renamed());
  }

  @workflow()
  static async publishing(): Promise<void> {
    await progress({ stage: 'begun', at: new Date(0) });
    await Steps.publish();
    for (let n = 0; n < 3; n += 1) await progress(n);
    await progress(null);
    await Steps.add(1, 1);
    await progress(new Map([['done', true]]));
  }

  @step()
  static async add(a: number, b: number): Promise<number> {
    bodyRan(`add ${a}`);
    return a + b;
  }

  @step()
  static async value(name: string): Promise<unknown> {
    bodyRan(`value ${name}`);
    return VALUES[name]!();
  }

  @step()
  static async megabyte(): Promise<string> {
    bodyRan('megabyte');
    return megabyte();
  }

  @step()
  static async lengthOf(text: string): Promise<number> {
    bodyRan('lengthOf');
    return text.length;
  }

  @step()
  static async fail(how: string): Promise<void> {
    bodyRan(`fail ${how}`);
    throwFailure(how);
  }

  @step({ retries: { attempts: 3, backoff: { initial: 1, max: 5 } } })
  static async flaky(failures: number): Promise<number> {
    const attempt = bodyRan('flaky');
    if (attempt <= failures) throw Object.assign(new Error(`attempt ${attempt} failed`), { code: 'flaky' });
    return stepContext().attempt;
  }

  @step({ timeout: 40, retries: { attempts: 2, backoff: { initial: 1, max: 5 } } })
  static async sluggish(timeouts: number): Promise<number> {
    if (bodyRan('sluggish') <= timeouts) await new Promise((resolve) => setTimeout(resolve, 100));
    return stepContext().attempt;
  }

  @step()
  static async function(): Promise<unknown> {
    bodyRan('function');
    return { deep: [() => 42] };
  }

  @step()
  static async after(ms: number): Promise<number> {
    bodyRan(`after ${ms}`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  }

  @step()
  static async outer(): Promise<number> {
    bodyRan('outer');
    return Steps.add(20, 1);
  }

  @step({ name: 'a step with a name of its own' })
  static async renamed(): Promise<number> {
    bodyRan('renamed');
    return 1;
  }

  @step()
  static async publish(): Promise<void> {
    bodyRan('publish');
    await progress('from a step');
    await progress('and again');
  }
}

function throwFailure(how: string): never {
  if (how === 'coded')
    throw Object.assign(new RangeError('out of range'), { code: 'too_far', details: { by: [1, 2] } });
  if (how === 'terminal') throw new TerminalError('no_hope', 'This cannot be mended.', { part: 'axle' });
  if (how === 'retryable') throw new RetryableError('busy', 'Come back later.', { retryAfterMs: 1 });
  // What a library may throw that knows no better.
  // oxlint-disable-next-line typescript/only-throw-error
  if (how === 'text') throw 'just a text';
  // oxlint-disable-next-line typescript/only-throw-error
  if (how === 'nothing') throw undefined;
  throw new Error('plain failure');
}
