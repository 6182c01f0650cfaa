// `kill -9` before and after every checkpoint of an analysis. What was recorded is never computed again; what was not, is.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CallResult, ChildService, CrashPoint } from '../../src/testing.ts';
import { COUNTED, type DocumentsWorld, openDocumentsWorld } from './support/documents-world.ts';

let world: DocumentsWorld;

beforeAll(async () => {
  world = await openDocumentsWorld({ answerMs: 20 });
});

afterAll(() => world?.close());

const CHECKPOINTS = ['read', 'classify', 'extractFields', 'summarise', 'save', 'run'];
const POINTS = CHECKPOINTS.flatMap((checkpoint) => [
  { when: 'before', checkpoint },
  { when: 'after', checkpoint },
]);

test.each(POINTS)('killed $when the checkpoint of $checkpoint', { timeout: 60_000 }, async ({ when, checkpoint }) => {
  const name = `${when}_${checkpoint}`;
  const step = `${name} ${checkpoint}`;
  await using first = await world.start(
    `${when}:${checkpoint === 'run' ? 'run' : `Documents.${checkpoint}`}` as CrashPoint,
  );
  const submit = (service: ChildService): Promise<CallResult<Record<string, unknown>>> =>
    service.call('POST', '/v1/workflows/Documents.analyze/runs', {
      headers: { 'Idempotency-Key': name },
      body: world.document(name),
    });
  // The process may die before it has answered: the caller repeats the request.
  await submit(first).catch(() => undefined);
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

  const recorded = await world.recorded();
  const bodies = new Map(world.counts);
  const saves = await world.saves();
  expect(recorded.has(step)).toBe(checkpoint !== 'run' && when === 'after');

  await using second = await world.start();
  const { body: run } = await submit(second);
  const path = `/v1/runs/${String(run.id)}`;
  const { body: ended } = await second.call('GET', `${path}/result?wait=30`);
  expect(ended).toMatchObject({ status: 'succeeded', result: { name, kind: 'report' } });
  const { body: timeline } = await second.call<{ items: unknown[] }>('GET', `${path}/steps`);
  expect(timeline.items).toHaveLength(5);
  expect(await world.database.query('SELECT run_id FROM documents WHERE name = $1', [name])).toEqual([
    { run_id: run.id },
  ]);
  for (const key of COUNTED.map((counted) => `${name} ${counted}`)) {
    const again = world.counts.get(key)! - (bodies.get(key) ?? 0);
    expect(again, key).toBe(recorded.has(key) ? 0 : 1);
  }
  expect((await world.saves()) - saves).toBe(recorded.has(`${name} save`) ? 0 : 1);
});
