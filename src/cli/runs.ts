// `holdfast runs`: looks at runs, cancels, resumes and releases them, through the service's API.

import { Command } from 'commander';
import type { Page } from '../views/page.ts';
import type { Run, RunSummary } from '../views/runs.ts';
import type { Step } from '../views/steps.ts';
import { type ClientFlags, clientOptions, request } from './client.ts';
import { jsonOption, print, readableDuration, table } from './output.ts';
import { readEvents } from './sse.ts';
import { Tail } from './tail.ts';

type Flags = ClientFlags & { json?: boolean };

/** Returns the command. */
export function runsCommand(): Command {
  const runs = new Command('runs').description('list, show, follow, cancel, resume and release runs');
  const add = (name: string, description: string): Command => {
    const command = runs.command(name).description(description).addOption(jsonOption());
    for (const option of clientOptions()) command.addOption(option);
    return command;
  };
  add('list', 'list runs, the newest first')
    .option('--status <status>', 'only these, with commas between them')
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--limit <n>', 'how many', '20')
    .action(list);
  add('show', 'show a run and its steps').argument('<run>', "the run's id").action(show);
  add('tail', 'follow a run until it ends').argument('<run>', "the run's id").action(tail);
  add('cancel', 'cancel a run')
    .argument('<run>', "the run's id")
    .option('--keep-children', 'let the runs that it started go on')
    .option('--unwind', 'undo what its compensable tools did')
    .action(cancel);
  add('resume', 'let a cancelled or dead run go on').argument('<run>', "the run's id").action(resume);
  add('release', 'let a held run go on').argument('<run>', "the run's id").action(release);
  return runs;
}

async function list(flags: Flags & { status?: string; workflow?: string; limit: string }): Promise<void> {
  const query = new URLSearchParams({ limit: flags.limit });
  if (flags.status) query.set('status', flags.status);
  if (flags.workflow) query.set('workflow', flags.workflow);
  const page = (await (await request(flags, 'GET', `/v1/runs?${query.toString()}`)).json()) as Page<RunSummary>;
  const rows = page.items.map((run) => [
    run.id,
    run.status,
    run.createdAt.slice(0, 19).replace('T', ' '),
    readableDuration(run.durationMs),
    run.workflow + (run.held ? `  (${run.held.reason})` : ''),
  ]);
  print(
    flags.json,
    page,
    rows.length === 0 ? 'There are no such runs.' : table(['RUN', 'STATUS', 'CREATED (UTC)', 'TOOK', 'WORKFLOW'], rows),
  );
}

async function show(id: string, flags: Flags): Promise<void> {
  const run = (await (await request(flags, 'GET', runPath(id))).json()) as Run;
  const { items: steps } = (await (await request(flags, 'GET', `${runPath(id)}/steps`)).json()) as { items: Step[] };
  print(flags.json, { ...run, steps }, describe(run, steps));
}

function describe(run: Run, steps: Step[]): string {
  const facts = [
    `${run.workflow}  ${run.status}`,
    `run      ${run.id}`,
    `tenant   ${run.tenant}`,
    ...(run.initiator === null ? [] : [`by       ${run.initiator}`]),
    `lane     ${run.lane ?? '–'}`,
    `created  ${run.createdAt}`,
    `took     ${readableDuration(run.durationMs) || '–'}`,
    ...(run.held ? [`held     ${run.held.message}`] : []),
  ];
  const rows = steps.map((step) => [
    String(step.stepId),
    step.name,
    step.status,
    String(step.attempts),
    readableDuration(step.durationMs),
    step.error?.message ?? step.childRunId ?? '',
  ]);
  const outcome = run.error
    ? `error    ${run.error.code}: ${run.error.message}`
    : run.result === null
      ? ''
      : `result   ${JSON.stringify(run.result, null, 2)}`;
  const timeline =
    rows.length === 0 ? 'No steps are recorded yet.' : table(['#', 'STEP', 'STATUS', 'TRIES', 'TOOK', 'NOTE'], rows);
  return [...facts, '', timeline, ...(outcome ? ['', outcome] : [])].join('\n');
}

async function tail(id: string, flags: Flags): Promise<void> {
  const shown = new Tail();
  for await (const event of readEvents((headers) => request(flags, 'GET', `${runPath(id)}/events`, { headers }))) {
    process.stdout.write(flags.json ? `${JSON.stringify(event)}\n` : shown.text(event));
  }
}

async function cancel(id: string, flags: Flags & { keepChildren?: boolean; unwind?: boolean }): Promise<void> {
  const answer = await request(flags, 'POST', `${runPath(id)}/cancel`, {
    body: { children: flags.keepChildren !== true, unwind: flags.unwind === true },
  });
  const result = (await answer.json()) as { id: string; status: string; changed: boolean };
  print(
    flags.json,
    result,
    result.changed ? `Run ${id} is cancelled.` : `Nothing to cancel: run ${id} is ${result.status}.`,
  );
}

async function release(id: string, flags: Flags): Promise<void> {
  const result = (await (await request(flags, 'POST', `${runPath(id)}/release`)).json()) as { changed: boolean };
  print(flags.json, result, result.changed ? `Run ${id} goes on.` : `Run ${id} was released already.`);
}

async function resume(id: string, flags: Flags): Promise<void> {
  const result = (await (await request(flags, 'POST', `${runPath(id)}/resume`)).json()) as { changed: boolean };
  print(flags.json, result, result.changed ? `Run ${id} goes on.` : `Run ${id} was not stopped.`);
}

function runPath(id: string): string {
  return `/v1/runs/${encodeURIComponent(id)}`;
}
