// A thousand runs wait for days for a person: through kills and two deploys, until twenty people answer them at the same time.

import { expect, test } from 'vitest';
import { type ChildService, skipTime } from '../../src/testing.ts';
import { until } from '../support/until.ts';
import { workWorld } from './support/work.ts';

const RUNS = 1000;
const PEOPLE = 20;
/** So many people answer most of the questions; all of them answer every tenth. */
const FEW = 4;
const AT_A_TIME = 5;

const world = workWorld('approvals');

interface Verdict {
  status: number;
  code: unknown;
}

/** Answers until somebody hears it: the process that was asked may just have been killed. */
async function decide(service: () => ChildService, id: string, person: number): Promise<Verdict> {
  const headers = { 'X-User': `person${person}`, 'X-Roles': 'manager' };
  const body = { decision: person % 2 === 0 ? 'approve' : 'reject' };
  return until(
    `an answer about ${id}`,
    async () => {
      try {
        const answer = await service().call('POST', `/v1/approvals/${encodeURIComponent(id)}`, { body, headers });
        return { status: answer.status, code: answer.body.code };
      } catch {
        return undefined;
      }
    },
    50,
  );
}

test('each is decided once, and acts once on what was decided', async () => {
  const { database } = world;
  const first = await world.start({ env: { BUILD: '1' } });
  const ids: string[] = [];
  for (let n = 0; n < RUNS; n += 50) {
    const batch = Array.from({ length: 50 }, (_, m) => world.submit(first, 'Orders.order', `order ${n + m}`));
    ids.push(...(await Promise.all(batch)));
  }
  const waiting = async (): Promise<boolean> => {
    const rows = await database.query(`SELECT count(*)::int AS n FROM holdfast.runs WHERE status = 'waiting'`);
    return (rows as { n: number }[])[0]!.n === RUNS;
  };
  await until('all runs to wait', waiting, 100);
  await first.kill('SIGKILL');
  await skipTime(database.url, '2d');
  // A deploy, a kill, and another deploy: nobody has to be asked again.
  const second = await world.start({ env: { BUILD: '2' } });
  await skipTime(database.url, '3d');
  await second.kill('SIGKILL');
  let door = await world.start({ env: { BUILD: '3' } });
  const worker = await world.start({ env: { BUILD: '3' } });

  const questions = await database.query(`SELECT id FROM holdfast.approvals ORDER BY md5(id)`);
  expect(questions).toHaveLength(RUNS);
  const open = questions.map((row) => (row as { id: string }).id);
  const half = open.length / 2;
  const verdicts: Verdict[][] = [];
  const answerAll = async (): Promise<void> => {
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const asked = id;
      if (open.length === half) {
        const killed = door;
        door = worker;
        await killed.kill('SIGKILL');
      }
      const [people, from] = open.length % 10 === 0 ? [PEOPLE, 0] : [FEW, open.length % PEOPLE];
      const answers = Array.from({ length: people }, (_, n) => decide(() => door, asked, (from + n) % PEOPLE));
      verdicts.push(await Promise.all(answers));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, answerAll));

  await until(
    'all runs to end',
    async () => {
      const rows = await database.query(`SELECT count(*)::int AS n FROM holdfast.runs WHERE status = 'succeeded'`);
      return (rows as { n: number }[])[0]!.n === RUNS;
    },
    100,
  );
  // Of the answers to those who decided, only ones that the killed process owed are missing.
  const heard = verdicts.map((all) => all.filter(({ status }) => status === 200).length);
  expect(heard.filter((times) => times > 1)).toEqual([]);
  expect(heard.filter((times) => times === 0).length).toBeLessThanOrEqual(AT_A_TIME);
  const others = verdicts.flat().filter(({ status }) => status !== 200);
  expect(others.filter(({ status, code }) => status !== 409 || code !== 'approval_decided')).toEqual([]);

  const rows = await database.query(
    `SELECT (SELECT count(*)::int FROM holdfast.approval_events WHERE what = 'asked') AS asked,
            (SELECT count(*)::int FROM holdfast.approval_events WHERE what IN ('approved', 'rejected')) AS decided,
            (SELECT count(*)::int FROM effects) AS effects,
            (SELECT count(DISTINCT run_id)::int FROM effects) AS runs,
            (SELECT count(*)::int FROM effects e
               JOIN holdfast.approval_events v ON v.approval_id LIKE e.run_id || '-approval-%' AND v.what IN ('approved', 'rejected')
              WHERE e.name LIKE '% ' || CASE v.what WHEN 'approved' THEN 'yes ' ELSE 'no ' END || v.who) AS agreed`,
  );
  expect(rows).toEqual([{ asked: RUNS, decided: RUNS, effects: RUNS, runs: RUNS, agreed: RUNS }]);
  expect(ids).toHaveLength(RUNS);
});
