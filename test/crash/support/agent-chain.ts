// Runs one after the other, each killed at another checkpoint; the process that goes on with one is the one that is killed in the next.

import type { ChildService, CrashPoint } from '../../../src/testing.ts';
import { until } from '../../support/until.ts';
import type { AgentWorld, Ticket } from './agent-world.ts';

/** The process is killed just before or after the `nth` checkpoint of that name of a run, and of what unwinds it. */
export interface Death {
  when: 'before' | 'after';
  checkpoint: string;
  nth: number;
}

/**
 * Returns a death before and one after each of `checkpoints`, from the one at `first` on. The latest comes first: the process in which it
 * comes has then seldom the same checkpoint of an earlier run to write, which a transaction would announce twice.
 */
export function deathsAt(checkpoints: readonly string[], first = 0): Death[] {
  const deaths = checkpoints.flatMap((checkpoint, index): Death[] => {
    const nth = checkpoints.slice(0, index + 1).filter((other) => other === checkpoint).length;
    if (index < first) return [];
    return [
      { when: 'before', checkpoint, nth },
      { when: 'after', checkpoint, nth },
    ];
  });
  return deaths.reverse();
}

export interface Chain {
  world: AgentWorld;
  /** All that an undisturbed run records, and the run that unwinds it, if there is one. */
  checkpoints: readonly string[];
  deaths: readonly Death[];
  ticket: (n: number) => Ticket;
  /** How many runs each ticket leads to: 2 when its run is unwound. */
  runs: number;
}

/** Starts a run for each death, and returns once all of them have ended. */
export async function dieAtEach({ world, checkpoints, deaths, ticket, runs }: Chain): Promise<void> {
  let left: string[] = [];
  for (const [n, { when, checkpoint, nth }] of deaths.entries()) {
    // What the run before this one has yet to record is counted by this process, too.
    const count = nth + left.filter((other) => other === checkpoint).length;
    const service = await world.start(`${when}:${checkpoint}#${count}` as CrashPoint);
    if (n > 0) await ended(world, ticket(n - 1), runs);
    await world.submit(service, ticket(n));
    await killed(world, service, `${when} ${checkpoint} ${nth}`);
    left = without(checkpoints, await recorded(world, ticket(n)));
  }
  const last = await world.start();
  await ended(world, ticket(deaths.length - 1), runs);
  await last.kill('SIGTERM');
}

/** Returns the names of what is recorded of a ticket's runs, in its order; the outcome of a run is called `run`. */
export async function recorded(world: AgentWorld, ticket: Ticket): Promise<string[]> {
  const rows = await world.database.query<{ name: string }>(
    `SELECT name FROM (
       SELECT workflow_uuid AS run, function_id AS step, function_name AS name FROM dbos.operation_outputs
        UNION ALL
       SELECT workflow_uuid, 1e9, 'run' FROM dbos.workflow_status WHERE status IN ('SUCCESS', 'ERROR')) recorded
      WHERE run IN ($1, $1 || '-unwind') ORDER BY run, step`,
    [await world.runOf(ticket)],
  );
  return rows.map(({ name }) => name);
}

async function ended(world: AgentWorld, ticket: Ticket, runs: number): Promise<void> {
  const id = await world.runOf(ticket);
  await until(`the end of ${runs} runs of ${ticket.orders.join()}`, async () => {
    const sql = `SELECT FROM holdfast.runs WHERE id IN ($1, $1 || '-unwind') AND ended_at IS NOT NULL`;
    return (await world.database.query(sql, [id])).length === runs;
  });
}

/** Waits for the process's death, and until the database has ended what the process had begun. */
async function killed({ database }: AgentWorld, service: ChildService, death: string): Promise<void> {
  let signal: string | null | undefined;
  void service.exited.then((exit) => (signal = exit.signal));
  await until(`the death ${death}`, () => signal !== undefined);
  if (signal !== 'SIGKILL') throw new Error(`The process ended by itself, not ${death}: ${service.log()}`);
  const others = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend'`;
  await until('the end of its connections', async () => (await database.query(others)).length === 0);
}

function without(all: readonly string[], some: readonly string[]): string[] {
  const rest = [...all];
  for (const name of some) {
    const index = rest.indexOf(name);
    if (index < 0) throw new Error(`The checkpoint '${name}' is recorded once too often.`);
    rest.splice(index, 1);
  }
  return rest;
}
