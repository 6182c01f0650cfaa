// The agent as a service: two processes on one database, and what its views say at the end.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ChildService, startChild } from 'holdfast/testing';
import type pg from 'pg';
import { observe } from '../engine/observer.ts';
import { Places, storm } from './places.ts';
import type { Records, World } from './world.ts';

/** A process that is started anew a hundred times is ready sooner when it need not compile its modules. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'holdfast-bench-compiled');
const PATIENCE_MS = 60_000;
const REQUEST_MS = 5000;
/** How long runs may take to end after the last kill. */
const CALM_WITHIN_MS = 180_000;

/** Runs the tickets on two processes of the built app. */
export async function runHoldfast(world: World): Promise<Records> {
  const { databaseUrl, env } = world;
  const app = fileURLToPath(new URL('./app.js', import.meta.url));
  const settings = { ...env, NODE_COMPILE_CACHE, LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
  const places = new Places(() => startChild({ app, databaseUrl, env: settings }));
  const database = await observe(databaseUrl);
  const startedAt = performance.now();
  const submissions: Promise<void>[] = [];
  try {
    await places.open();
    await storm(world, places, (ticket) => {
      const submission = submit(places, ticket);
      submission.catch(() => {});
      submissions.push(submission);
    });
    await Promise.all(submissions);
    await untilCalm(database, world);
    await reportHeld(database, world);
    const seconds = (performance.now() - startedAt) / 1000;
    return { ...(await recordsIn(database)), kills: places.kills, seconds };
  } finally {
    await places.close();
    await database.end();
  }
}

/** Asks some process until one of them answers: the ticket is the key by which a repeat is recognised. */
async function submit(places: Places<ChildService>, ticket: string): Promise<void> {
  let last: unknown = 'none was ready';
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await delay(50)) {
    const { ready } = places;
    const executor = ready[Math.floor(Math.random() * ready.length)];
    if (!executor) continue;
    try {
      const headers = { 'Idempotency-Key': ticket };
      const signal = AbortSignal.timeout(REQUEST_MS);
      const options = { headers, body: ticket, signal };
      const { status, body } = await executor.call('POST', '/v1/workflows/Desk.resolve/runs', options);
      if (status < 300) return;
      last = body;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`No process took the ticket ${ticket}.`, { cause: last });
}

/** Returns when every run has ended, and every one that failed is unwound; or when nothing but runs that wait for a person is left. */
async function untilCalm(database: pg.Client, { tickets, say }: World): Promise<void> {
  for (const deadline = performance.now() + CALM_WITHIN_MS; ; await delay(100)) {
    const { rows } = await database.query<{ ended: number; left: number; unwinding: number }>(
      `SELECT count(*) FILTER (WHERE workflow = 'Desk.resolve' AND ended_at IS NOT NULL)::integer AS ended,
              count(*) FILTER (WHERE ended_at IS NULL AND status <> 'held')::integer AS left,
              count(*) FILTER (WHERE workflow = 'Desk.resolve' AND status = 'failed' AND NOT EXISTS (
                SELECT FROM holdfast.runs u WHERE u.id = r.id || '-unwind'))::integer AS unwinding
         FROM holdfast.runs r`,
    );
    const { ended, left, unwinding } = rows[0]!;
    if (left === 0 && unwinding === 0) return;
    if (performance.now() < deadline) continue;
    say(`Of ${tickets.length} runs ${ended} have ended; ${left} go on, and ${unwinding} wait to be unwound.`);
    return;
  }
}

/** Says which runs wait for a person, and why. */
async function reportHeld(database: pg.Client, { say }: World): Promise<void> {
  const { rows } = await database.query<{ id: string; held: unknown }>(
    `SELECT id, held FROM holdfast.runs WHERE status = 'held'`,
  );
  for (const { id, held } of rows) say(`Run ${id} is held: ${JSON.stringify(held)}`);
}

async function recordsIn(database: pg.Client): Promise<Omit<Records, 'kills' | 'seconds'>> {
  const { rows: runs } = await database.query<{
    ticket: string;
    status: string;
    unwound: string | null;
    recoveries: number;
  }>(
    `SELECT r.input #>> '{}' AS ticket, r.status, u.status AS unwound,
            r.recoveries + COALESCE(u.recoveries, 0) AS recoveries
       FROM holdfast.runs r LEFT JOIN holdfast.runs u ON u.id = r.id || '-unwind'
      WHERE r.workflow = 'Desk.resolve'`,
  );
  const { rows: effects } = await database.query<{ key: string; settled: boolean }>(
    'SELECT key, NOT is_unknown AS settled FROM holdfast.effects',
  );
  const known = new Set(effects.filter(({ settled }) => settled).map(({ key }) => key));
  return {
    ended: new Map(runs.flatMap(({ ticket, status }) => (isEnded(status) ? [[ticket, status] as const] : []))),
    notUnwound: new Set(
      runs.flatMap(({ ticket, status, unwound }) => (status === 'failed' && unwound !== 'succeeded' ? [ticket] : [])),
    ),
    knows: ({ key }) => known.has(key),
    open: effects.filter(({ settled }) => !settled).map(({ key }) => key),
    interruptions: runs.reduce((sum, { recoveries }) => sum + recoveries, 0),
  };
}

function isEnded(status: string): status is 'succeeded' | 'failed' {
  return status === 'succeeded' || status === 'failed';
}
