// What the body of a step is given, and when it begins.

import { expect, test } from 'vitest';
import { step, stepContext, workflow } from '../../src/index.ts';
import { pause } from '../../src/lib/pause.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

let attempts = 0;
let fail = (): void => {};

class Task {
  @step()
  static async copies(): Promise<string[]> {
    return Object.keys({ ...stepContext() }).sort();
  }

  @step()
  static async read(box: { value: string }): Promise<string> {
    return box.value;
  }

  @step({ retries: { attempts: 1000, backoff: { initial: 1, factor: 1 } } })
  static async failing(): Promise<void> {
    attempts += 1;
    if (attempts === 1) await new Promise<void>((resolve) => (fail = resolve));
    throw new Error('not now');
  }

  @workflow()
  static async copied(): Promise<string[]> {
    return Task.copies();
  }

  /** A step that was called before a change, when the run was ours just now and when it has to be asked for. */
  @workflow()
  static async changed(pauseMs: number): Promise<string> {
    await Task.copies();
    await pause(pauseMs);
    const box = { value: 'before' };
    const read = Task.read(box);
    box.value = 'after';
    return read;
  }

  @workflow()
  static async stubborn(): Promise<void> {
    await Task.failing();
  }
}

const served = serve({ services: [Task] });

test('a copy of its context has all that the context has', async () => {
  const { result } = await served.run('Task.copied');
  expect(result).toEqual(['attempt', 'idempotencyKey', 'name', 'runId', 'signal', 'stepId', 'tenant']);
});

test('a body begins after the turn of its call, whatever is known of the run', async () => {
  expect((await served.run('Task.changed', 0)).result).toBe('after');
  expect((await served.run('Task.changed', 300)).result).toBe('after');
});

test('a cancelled run makes no further attempt', async () => {
  const { body: run } = await served.call<{ id: string }>('POST', '/v1/workflows/Task.stubborn/runs');
  await until('the first attempt', async () => attempts === 1);
  await served.call('POST', `/v1/runs/${run.id}/cancel`);
  fail();
  await until('the end of the body', async () => {
    const { body } = await served.call<{ status: string }>('GET', `/v1/runs/${run.id}`);
    return body.status === 'cancelled';
  });
  await pause(100);
  expect(attempts).toBe(1);
});
