// How soon a step runs on another process after the one that had the run was killed.

import { startApp } from './app.ts';
import { heldRuns } from './held.ts';
import { allEnded, observe, until } from './observer.ts';
import { type Figures, Part, type Task, tell, wallClock } from './part.ts';

/** The kill comes at any moment of the heartbeat, which is a second long. */
const LATEST_KILL_MS = 1000;

/**
 * Two processes; the first one is killed with all runs in their second step. With `seen: lease` it is made to look like one of
 * another machine, so that the second process has only the end of its lease to go by.
 */
export async function failOver(task: Task): Promise<Figures> {
  const first = new Part({ ...task, part: 'hold' });
  let second: Part | undefined;
  try {
    await first.says('ready');
    if (task.params.seen === 'lease') await moveElsewhere(task.url);
    second = new Part({ ...task, part: 'survive' });
    await second.says('ready');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LATEST_KILL_MS));
    const killedAt = await first.kill();
    const [began, ended] = [await second.says('began'), await second.says('ended')];
    return { first_step_ms: began.at! - killedAt, all_ended_ms: ended.at! - killedAt };
  } finally {
    await Promise.all([first.kill(), second?.kill()]);
  }
}

/** The process that is left: says when the first step that it has taken over begins, and when all runs have ended. */
export async function survive(task: Task): Promise<Figures> {
  const began = Promise.withResolvers<number>();
  const held = heldRuns(Promise.resolve(), () => began.resolve(wallClock()));
  await startApp(task, [held.service], {});
  const database = await observe(task.url);
  tell('ready');
  tell('began', { at: await began.promise });
  await until('all runs to end', () => allEnded(database));
  tell('ended', { at: wallClock() });
  return {};
}

/** Nobody on this machine can see any more whether the processes that run now are alive. */
async function moveElsewhere(url: string): Promise<void> {
  const database = await observe(url);
  await database.query(`UPDATE holdfast.leases SET host = 'elsewhere'`);
  await database.end();
}
