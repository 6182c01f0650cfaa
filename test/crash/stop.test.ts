// An orderly stop: running steps end and are recorded, the rest is handed over, and the exit code is 0.

import { expect, test } from 'vitest';
import type { ChildService } from '../../src/testing.ts';
import { until } from '../support/until.ts';
import { workWorld } from './support/work.ts';

const world = workWorld();
const CLEAN = { code: 0, signal: null };

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: a running step ends and is recorded, and its run goes on elsewhere',
  async (signal) => {
    const { witness } = world;
    const first = await world.start();
    witness.hold(`${signal}-1`);
    const id = await world.submit(first, 'Work.job', signal);
    await witness.sees(`${signal}-1`);
    const exited = first.kill(signal);
    // Ctrl-C reaches npm and the service; npm passes it on, so that it comes twice.
    if (signal === 'SIGINT') void first.kill(signal);
    await until('the stop', () => first.log().includes('Stopping'));
    await expectNotReady(first);
    witness.release(`${signal}-1`);
    expect(await exited).toEqual(CLEAN);
    expect(await stepsOf(id)).toEqual(['Work.report']);
    expect(await world.database.query('SELECT status, recoveries FROM holdfast.runs WHERE id = $1', [id])).toEqual([
      { status: 'queued', recoveries: 0 },
    ]);

    const second = await world.start();
    expect(await world.result(second, id)).toMatchObject({ status: 'succeeded' });
    expect([witness.seen(`${signal}-1`), witness.seen(`${signal}-2`)]).toEqual([1, 1]);
    expect(await second.kill(signal)).toEqual(CLEAN);
  },
);

test('a step that outlasts the grace period is cut off, and runs again elsewhere', async () => {
  const { witness } = world;
  const first = await world.start({ env: { HOLDFAST_GRACE_SECONDS: '1' } });
  witness.hold('long-1');
  const id = await world.submit(first, 'Work.job', 'long');
  await witness.sees('long-1');
  const before = performance.now();
  expect(await first.kill('SIGTERM')).toEqual(CLEAN);
  expect(performance.now() - before).toBeGreaterThan(950);
  expect(first.log()).toContain('1 running step was cut off and will run again.');
  expect(await world.database.query('SELECT status, recoveries FROM holdfast.runs WHERE id = $1', [id])).toEqual([
    { status: 'queued', recoveries: 0 },
  ]);
  witness.release('long-1');
  const second = await world.start();
  expect(await world.result(second, id)).toMatchObject({ status: 'succeeded' });
  expect(witness.seen('long-1')).toBe(2);
});

test('a run that waits for days does not hold up the stop, and is waited for elsewhere', async () => {
  const first = await world.start();
  const id = await world.submit(first, 'Work.sleeper');
  await until('the sleep', async () => (await stepsOf(id)).includes('sleep'));
  const before = performance.now();
  expect(await first.kill('SIGTERM')).toEqual(CLEAN);
  expect(performance.now() - before).toBeLessThan(2000);
  const second = await world.start();
  await until('the next process', async () => (await statusOf(id)) === 'running');
  expect(await second.kill('SIGTERM')).toEqual(CLEAN);
  expect(await statusOf(id)).toBe('queued');
});

test('streams of events end when the process stops', async () => {
  const service = await world.start();
  const id = await world.submit(service, 'Work.sleeper');
  const stream = await fetch(new URL(`/v1/runs/${id}/events`, service.url));
  let text = '';
  const ended = (async () => {
    for await (const part of stream.body!.pipeThrough(new TextDecoderStream())) text += part;
  })();
  await until('the progress', () => text.includes('event: progress'));
  expect(await service.kill('SIGTERM')).toEqual(CLEAN);
  await ended;
  expect(text).not.toContain('event: end');
});

test('a caller who waits is answered before the process ends', async () => {
  const { witness } = world;
  const service = await world.start();
  witness.hold('waited-2');
  const run = service.call('POST', '/v1/workflows/Work.job/runs', { body: 'waited', headers: { Prefer: 'wait=30' } });
  await witness.sees('waited-2');
  const exited = service.kill('SIGTERM');
  expect(await run).toMatchObject({ status: 202, body: { status: 'running' } });
  witness.release('waited-2');
  expect(await exited).toEqual(CLEAN);
});

async function expectNotReady(service: ChildService): Promise<void> {
  const answer = await service.call('GET', '/readyz').catch(() => ({ status: 'refused' }));
  expect([503, 'refused']).toContain(answer.status);
}

async function stepsOf(id: string): Promise<string[]> {
  const rows = await world.database.query<{ name: string }>(
    'SELECT name FROM holdfast.steps WHERE run_id = $1 ORDER BY step_id',
    [id],
  );
  return rows.map(({ name }) => name);
}

async function statusOf(id: string): Promise<string> {
  const [row] = await world.database.query<{ status: string }>('SELECT status FROM holdfast.runs WHERE id = $1', [id]);
  return row!.status;
}
