// Makes a run held without a change of code: somebody else records the outcome of the step that its execution is at.

import type { Served } from './serve.ts';
import { Shop } from './apps/shop.ts';
import { until } from './until.ts';

/** Starts `Shop.holds`, or a workflow that starts it as a child, and returns the run that is held at `Shop.hold`. */
export async function heldRun(
  served: Served,
  name: string,
  start: () => Promise<unknown> = () => served.call('POST', '/v1/workflows/Shop.holds/runs', { body: name }),
): Promise<string> {
  await start();
  const step = await until('the step', () => Shop.held.get(name));
  const [run] = await served.database.query<{ id: string }>(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, completed_at_epoch_ms)
     SELECT id, 0, 'Shop.hold', 1 FROM holdfast.runs WHERE workflow = 'Shop.holds' AND input #>> '{}' = $1
     RETURNING workflow_uuid AS id`,
    [name],
  );
  step.resolve();
  await until('the hold', async () => (await served.call('GET', `/v1/runs/${run!.id}`)).body.status === 'held');
  return run!.id;
}
