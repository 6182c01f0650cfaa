// Runs of which nobody told this process are not passed over for ever by those that begin where they are started.

import queueModule from '@dbos-inc/dbos-sdk/internal/wfqueue';
import { expect, test } from 'vitest';
import { start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

class Busy {
  static readonly begun: number[] = [];
  static readonly finish = new Map<number, () => void>();

  @workflow({ lane: 'one' })
  static async run(n: number): Promise<number> {
    return Busy.work(n);
  }

  @step()
  static async work(n: number): Promise<number> {
    Busy.begun.push(n);
    await new Promise<void>((resolve) => Busy.finish.set(n, resolve));
    return n;
  }
}

/** A lane as the SDK's runner knows it. */
interface Polled {
  nextPollAt: number;
  queue: { minPollingIntervalMs: number };
}

const served = serve({ services: [Busy], lanes: { one: { concurrency: 1 } } }, { config: { engine: 'holdfast' } });

const has = (n: number): Promise<unknown> => until(`run ${n}`, () => Busy.begun.includes(n));

/** Puts a run into the lane that another process would have enqueued just before it died. */
async function enqueueFromOutside(n: number): Promise<void> {
  await served.database.query(
    `WITH source AS (SELECT * FROM dbos.workflow_status ORDER BY created_at LIMIT 1), copied AS (
       INSERT INTO dbos.workflow_status (workflow_uuid, status, name, class_name, config_name, queue_name, application_name,
                                         application_version, serialization, recovery_attempts)
       SELECT gen_random_uuid(), 'ENQUEUED', name, class_name, config_name, queue_name, application_name, application_version,
              serialization, 0
         FROM source RETURNING workflow_uuid)
     INSERT INTO dbos.workflow_input (workflow_uuid, inputs)
     SELECT c.workflow_uuid, replace(i.inputs, '1', $1) FROM copied c, source s JOIN dbos.workflow_input i USING (workflow_uuid)`,
    [String(n)],
  );
}

/** Waits until the lane was polled once more, and will not be for ten minutes. */
async function pollOnce(): Promise<void> {
  await served.database.query('UPDATE dbos.queues SET polling_interval_sec = 600');
  const { states } = queueModule.wfQueueRunner as unknown as { states: Map<string, Polled> };
  states.get('one')!.queue.minPollingIntervalMs = 600_000;
  await until('the last poll', () => states.get('one')!.nextPollAt > Date.now() + 60_000);
}

test('a run that came while its lane was full goes before those that are started later', async () => {
  const first = await start(Busy.run, 1);
  await has(1);
  await enqueueFromOutside(2);
  await pollOnce();
  Busy.finish.get(1)!();
  // The place is free, and whoever starts a run now would have it.
  const third = first.result().then(() => start(Busy.run, 3));
  await has(2);
  expect(Busy.begun).toEqual([1, 2]);
  Busy.finish.get(2)!();
  await has(3);
  Busy.finish.get(3)!();
  expect(await (await third).result()).toBe(3);
});
