// How long a new process takes to bring the runs of a dead one to their end.

import { startApp } from './app.ts';
import { heldRuns } from './held.ts';
import { allEnded, observe, until } from './observer.ts';
import { type Figures, measureInProcess, Part, type Task } from './part.ts';

/** One process is killed with all runs in their second step, and then another one is started and measures. */
export async function recoverAfterKill(task: Task): Promise<Figures> {
  const first = new Part({ ...task, part: 'hold' });
  try {
    await first.says('ready');
  } finally {
    await first.kill();
  }
  return measureInProcess(task);
}

/** From the call that starts the app, which includes that start. */
export async function measureRecovery(task: Task): Promise<Figures> {
  const database = await observe(task.url);
  const orphans = await database.query<{ id: string }>(
    `SELECT DISTINCT executor_id AS id FROM dbos.workflow_status WHERE status = 'PENDING'`,
  );
  const gone = orphans.rows.map(({ id }) => id);
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  await startApp(task, [heldRuns(Promise.resolve(), () => {}).service], {});
  const ready = seconds();
  await until('the runs of the dead process to be put back', async () => {
    const { rowCount } = await database.query(
      `SELECT FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id = ANY($1) LIMIT 1`,
      [gone],
    );
    return rowCount === 0;
  });
  const requeued = seconds();
  await until('all runs to end', () => allEnded(database));
  const ended = seconds();
  const { rowCount: succeeded } = await database.query(`SELECT FROM dbos.workflow_status WHERE status = 'SUCCESS'`);
  if (succeeded !== task.params.runs) throw new Error(`Of ${task.params.runs} runs ${succeeded} succeeded.`);
  return { ready_seconds: ready, requeued_seconds: requeued, recovered_seconds: ended };
}
