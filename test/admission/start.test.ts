import { expect, test } from 'vitest';
import { start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Family {
  @workflow({ lane: 'children' })
  static async child(n: number): Promise<number> {
    return Family.double(n);
  }

  @workflow()
  static async parent(n: number): Promise<{ id: string; result: number; direct: number }> {
    const run = await start(Family.child, n);
    return { id: run.id, result: await run.result(), direct: await Family.child(n + 1) };
  }

  @workflow()
  static async fails(): Promise<string> {
    const run = await start(Family.broken, undefined);
    return run.result().catch((error: { code: string; message: string }) => `${error.code}: ${error.message}`);
  }

  @workflow()
  static async broken(): Promise<string> {
    throw Object.assign(new Error('it broke'), { code: 'broken' });
  }

  @workflow()
  static async startsInStep(): Promise<void> {
    await Family.naughty();
  }

  @step()
  static async double(n: number): Promise<number> {
    return n * 2;
  }

  @step()
  static async naughty(): Promise<void> {
    await start(Family.child, 1);
  }
}

const served = serve({ services: [Family], lanes: { children: { concurrency: 2 } } });

test('a child run has an id made of its parent and the step, and waits in its lane', async () => {
  const run = await served.run('Family.parent', 4);
  expect(run).toMatchObject({ status: 'succeeded', result: { id: `${String(run.id)}-0`, result: 8, direct: 10 } });
  const { body } = await served.call('GET', `/v1/runs/${String(run.id)}-0`);
  expect(body).toMatchObject({ parentId: run.id, lane: 'children', workflow: 'Family.child' });
});

test('the failure of a child reaches its parent with its code', async () => {
  expect(await served.run('Family.fails')).toMatchObject({ status: 'succeeded', result: 'broken: it broke' });
});

test('code outside of any run starts one in its lane, once for a key', async () => {
  const runs = await Promise.all([1, 2].map(() => start(Family.child, 21, { idempotencyKey: 'k', tenant: 'acme' })));
  expect(new Set(runs.map((run) => run.id)).size).toBe(1);
  expect(await runs[0]!.result()).toBe(42);
  await expect(start(Family.child, 22, { idempotencyKey: 'k', tenant: 'acme' })).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  });
  expect(await Family.child(5)).toBe(10);
});

test.each(['', '  '])('the key %j is refused: it would make one run of many', async (idempotencyKey) => {
  await expect(start(Family.child, 1, { idempotencyKey })).rejects.toMatchObject({ code: 'invalid_idempotency_key' });
});

test('a step cannot start runs, and what is no workflow cannot be started', async () => {
  expect(await served.run('Family.startsInStep')).toMatchObject({ status: 'failed', error: { code: 'run_in_step' } });
  await expect(start(Family.double, 1)).rejects.toMatchObject({ code: 'not_a_workflow' });
  await expect(start(Family.child, 1, { lane: 'nowhere' })).rejects.toMatchObject({ code: 'lane_not_found' });
});
