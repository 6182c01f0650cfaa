// The yardstick: how many rows the driver can commit one by one, on this Postgres with this many callers.

import pg from 'pg';
import type { Figures, Task } from './part.ts';
import { ratesOf, repeating } from './rates.ts';

const CONNECTIONS = 20;

/** Inserts a row a commit, by a named prepared statement, into a table with one index. A commit counts as a step. */
export async function measureCommits(task: Task): Promise<Figures> {
  const pool = new pg.Pool({ connectionString: task.url, max: CONNECTIONS });
  await pool.query('CREATE TABLE commits (id bigint PRIMARY KEY, name text NOT NULL, output text NOT NULL)');
  const durations: number[] = [];
  let next = 0;
  const insert = async (): Promise<void> => {
    const startedAt = performance.now();
    const values = [(next += 1), 'step', '{"json":1}'];
    await pool.query({ name: 'commit', text: 'INSERT INTO commits (id, name, output) VALUES ($1, $2, $3)', values });
    durations.push(performance.now() - startedAt);
  };
  return ratesOf(task, Number(task.params.concurrency), durations, repeating(insert));
}
