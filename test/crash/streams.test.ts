// Tokens of a hundred streaming runs, heard by a hundred readers who come and go, while a worker and a replica are killed: whatever each
// of them heard is in the end what is recorded, byte for byte. HOLDFAST_STREAMS_SEED repeats one.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ChildService, startChild } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { appPath, buildApps } from './support/apps.ts';
import { listen, type Listener } from './support/listener.ts';
import { type NarratorModel, startNarratorModel } from './support/narrator-model.ts';
import { randomFrom } from './support/random.ts';

const RUNS = 100;
/** Which of the processes runs most runs. */
const BUSIEST = `
  SELECT l.pid, count(*)::int AS runs FROM dbos.workflow_status s JOIN holdfast.leases l ON l.executor_id = s.executor_id
   WHERE l.pid = ANY($1) AND s.status = 'PENDING' GROUP BY l.pid ORDER BY runs DESC LIMIT 1`;
const seed = Number(process.env.HOLDFAST_STREAMS_SEED ?? Math.floor(Math.random() * 2 ** 32));

let database: TestDatabase;
let model: NarratorModel;
const children: ChildService[] = [];

beforeAll(async () => {
  buildApps();
  database = await freshDatabase('crash');
  model = await startNarratorModel();
});

afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
});

afterAll(async () => {
  model?.close();
  await database?.drop();
});

async function start(role: 'api' | 'worker'): Promise<ChildService> {
  const env = {
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: 'narrator',
    HOLDFAST_ROLE: role,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
  };
  const child = await startChild({ app: appPath('narrator'), databaseUrl: database.url, env });
  children.push(child);
  return child;
}

/** Returns what is recorded as said in each step of a run. */
async function recorded(runId: string): Promise<Map<number, string>> {
  const rows = await database.query<{ step: number; text: string }>(
    `SELECT t.step_id AS step, string_agg(p.part ->> 'text', '' ORDER BY t.position, p.n) AS text
       FROM holdfast.transcript t,
            jsonb_array_elements(CASE jsonb_typeof(t.content) WHEN 'array' THEN t.content
                                 ELSE jsonb_build_array(jsonb_build_object('type', 'text', 'text', t.content)) END)
              WITH ORDINALITY AS p(part, n)
      WHERE t.run_id = $1 AND t.role = 'assistant' AND p.part ->> 'type' = 'text'
      GROUP BY t.step_id`,
    [runId],
  );
  return new Map(rows.map(({ step, text }) => [step, text]));
}

test(
  `what a hundred readers hear is what is recorded, whatever is killed (seed ${seed})`,
  { timeout: 90_000 },
  async () => {
    const random = randomFrom(seed);
    const workers = await Promise.all([start('worker'), start('worker')]);
    const [replica, other] = await Promise.all([start('api'), start('api')]);
    let urls = [replica.url, other.url];
    const ids = await Promise.all(
      Array.from({ length: RUNS }, async (_, n) => {
        const { body } = await other.call('POST', '/v1/workflows/Narrator.tell/runs', { body: `n${n}` });
        return String(body.id);
      }),
    );
    const listeners = ids.map((id): Listener => listen(id, () => urls, randomFrom(Math.floor(random() * 2 ** 32))));
    while (listeners.filter(({ counts }) => counts.tokens > 0).length < 0.9 * RUNS) await delay(20);
    await delay(random() * 500);
    const [busiest] = await database.query<{ pid: number; runs: number }>(BUSIEST, [workers.map(({ pid }) => pid)]);
    await workers.find(({ pid }) => pid === busiest!.pid)!.kill('SIGKILL');
    model.goOn();
    await delay(random() * 500);
    urls = [other.url];
    await replica.kill('SIGKILL');
    urls = [other.url, (await start('api')).url];

    await Promise.all(listeners.map(({ done }) => done));
    for (const [n, { texts }] of listeners.entries()) {
      const record = await recorded(ids[n]!);
      expect(record.size).toBe(2);
      expect(Object.fromEntries(texts)).toEqual(Object.fromEntries(record));
    }
    const results = await database.query('SELECT id, result FROM holdfast.runs');
    expect(new Map(results.map(({ id, result }) => [id, result]))).toEqual(
      new Map(ids.map((id, n) => [id, [...listeners[n]!.texts.values()].at(-1)])),
    );
    // Otherwise it would show little.
    const sum = (count: keyof Listener['counts']): number =>
      listeners.reduce((all, { counts }) => all + counts[count], 0);
    expect(busiest!.runs).toBeGreaterThan(10);
    expect(sum('resets')).toBeGreaterThan(10);
    expect(sum('connections')).toBeGreaterThan(2 * RUNS);
    expect(sum('tokens')).toBeGreaterThan(3 * RUNS);
    expect([...model.asked.values()].filter((times) => times > 1).length).toBeGreaterThanOrEqual(10);
  },
);
