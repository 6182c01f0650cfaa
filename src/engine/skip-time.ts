// Lets time pass for runs that wait, for tests: what they have recorded of time is moved into the past.

import pg from 'pg';
import { HoldfastError } from '../core/errors.ts';
import { pause } from '../lib/pause.ts';

const LOOK_AGAIN_MS = 20;

/**
 * Makes `ms` milliseconds pass for all runs of a database that have not ended, once none of them does anything but wait: timers, timeouts,
 * delays and the ends of approvals come that much earlier, and what runs recorded of the time lies that much further back. Times in the
 * application's own tables stay as they are, and so do clocks.
 * @throws HoldfastError `run_busy`, naming a run that did not come to wait within `patienceMs`
 */
export async function skipRecordedTime(databaseUrl: string, ms: number, patienceMs = 10_000): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'holdfast skip time' });
  await client.connect();
  try {
    for (const end = performance.now() + patienceMs; ; await pause(LOOK_AGAIN_MS)) {
      const { rows } = await client.query<Skipped>(SKIP, [Math.round(ms)]);
      const { busy, workflow } = rows[0]!;
      if (busy === null) return;
      if (performance.now() < end) continue;
      throw new HoldfastError(
        'run_busy',
        `Time cannot be skipped while run '${busy}' of '${workflow}' is at work: wait until it has ended or its status is 'waiting'.`,
      );
    }
  } finally {
    await client.end();
  }
}

interface Skipped {
  /** A run that is at work, because of which nothing was changed. */
  busy: string | null;
  workflow: string | null;
}

/** A time is recorded as a number, by the SDK's sleep as it is, by its `now` inside of an object. */
const SKIP = `
WITH busy AS MATERIALIZED (
  SELECT workflow_uuid, name FROM dbos.workflow_status
   WHERE status IN ('PENDING', 'ENQUEUED')
      OR status = 'DELAYED' AND delay_until_epoch_ms <= (EXTRACT(EPOCH FROM now()) * 1000)::bigint
   LIMIT 1),
waiting AS (
  UPDATE dbos.workflow_status
     SET delay_until_epoch_ms = delay_until_epoch_ms - $1::bigint,
         workflow_deadline_epoch_ms = workflow_deadline_epoch_ms - $1::bigint
   WHERE status = 'DELAYED' AND NOT EXISTS (SELECT FROM busy)
  RETURNING workflow_uuid),
recorded AS (
  UPDATE dbos.operation_outputs o
     SET output = regexp_replace(o.output, '[0-9]{9,}', (substring(o.output FROM '[0-9]{9,}')::bigint - $1::bigint)::text)
    FROM waiting w
   WHERE o.workflow_uuid = w.workflow_uuid AND o.function_name IN ('DBOS.sleep', 'DBOS.now') AND o.output ~ '[0-9]{9,}'),
asked AS (
  UPDATE holdfast.approvals a
     SET expires_at = a.expires_at - skipped
    FROM waiting w, make_interval(secs => $1::bigint / 1000.0) AS skipped
   WHERE a.run_id = w.workflow_uuid AND a.status = 'pending'
  RETURNING a.id),
linked AS (
  UPDATE holdfast.approval_links l SET expires_at = l.expires_at - make_interval(secs => $1::bigint / 1000.0)
    FROM asked WHERE l.approval_id = asked.id)
SELECT (SELECT workflow_uuid FROM busy) AS busy, (SELECT name FROM busy) AS workflow FROM (SELECT count(*) FROM waiting) AS w`;
