import { afterEach, expect, test } from 'vitest';
import { Completions, type RunsHere } from '../../src/engine/completion.ts';
import { until } from '../support/until.ts';

/** A database with runs that are under way; it counts how often it is asked. */
class Runs {
  readonly unended: Set<string>;
  queries: string[][] = [];
  away = false;
  failures = 0;

  constructor(ids: string[]) {
    this.unended = new Set(ids);
  }

  async query({ values }: { values: [string[]] }): Promise<{ rows: { workflow_uuid: string }[] }> {
    if (this.away) {
      this.failures += 1;
      throw new Error('away');
    }
    this.queries.push(values[0]);
    return { rows: values[0].filter((id) => this.unended.has(id)).map((id) => ({ workflow_uuid: id })) };
  }
}

let open: Completions | undefined;

function completionsOf(runs: Runs, runsHere: RunsHere = () => false): Completions {
  open = new Completions(runs as unknown as ConstructorParameters<typeof Completions>[0], runsHere);
  return open;
}

afterEach(() => open?.close());

test('a run that is over already is not waited for', async () => {
  const runs = new Runs([]);
  await completionsOf(runs).wait('a');
  expect(runs.queries).toEqual([['a']]);
});

test('all waiters of a process share one question, which is asked at once when a run ends here', async () => {
  const ids = Array.from({ length: 50 }, (_, n) => `run ${n}`);
  const runs = new Runs(ids);
  const completions = completionsOf(runs);
  const ended: string[] = [];
  const waits = [...ids, ...ids].map((id) => completions.wait(id).then(() => ended.push(id)));
  await until('the first question', () => runs.queries.length > 0);
  expect(runs.queries[0]).toHaveLength(50);
  runs.unended.delete('run 7');
  completions.hint('run 7');
  await until('the waiters', () => ended.length === 2);
  expect(ended).toEqual(['run 7', 'run 7']);
  runs.unended.clear();
  await Promise.all(waits);
});

test('an end that nobody tells of is found by asking again, also after the database was away', async () => {
  const runs = new Runs(['a']);
  const completions = completionsOf(runs);
  const ended = completions.wait('a');
  await until('the first question', () => runs.queries.length > 0);
  runs.away = true;
  completions.hint('a');
  await until('a question in vain', () => runs.failures > 0);
  runs.unended.delete('a');
  runs.away = false;
  await ended;
});

test('a waiter that goes away gets its reason, and the others wait on', async () => {
  const runs = new Runs(['a']);
  const completions = completionsOf(runs);
  const other = completions.wait('a');
  const leaving = new AbortController();
  const left = completions.wait('a', leaving.signal);
  leaving.abort(new Error('no patience'));
  await expect(left).rejects.toThrow('no patience');
  await expect(completions.wait('a', leaving.signal)).rejects.toThrow('no patience');
  runs.unended.clear();
  completions.hint('a');
  await other;
});

test('a wait with a limit says whether the run ended within it', async () => {
  const runs = new Runs(['a']);
  const completions = completionsOf(runs);
  expect(await completions.endsWithin('a', 20)).toBe(false);
  runs.unended.clear();
  expect(await completions.endsWithin('a', 10_000)).toBe(true);
});

test('when the process stops, every waiter is let go', async () => {
  const completions = completionsOf(new Runs(['a']));
  const waiting = completions.wait('a');
  completions.close();
  await expect(waiting).resolves.toBeUndefined();
});

test('a run of this process is not asked about when somebody begins to wait for it', async () => {
  const runs = new Runs(['a']);
  const completions = completionsOf(runs, () => true);
  const waited = completions.wait('a');
  completions.ended('a');
  await waited;
  expect(runs.queries).toEqual([]);
});

test('a run of this process that is ended from elsewhere is found out', async () => {
  const runs = new Runs(['a']);
  const waited = completionsOf(runs, () => true).wait('a');
  runs.unended.delete('a');
  await waited;
  expect(runs.queries).toEqual([['a']]);
});
