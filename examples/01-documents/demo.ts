// A client of the service: uploads files, shows how far it is, and prints what was found. Run it with `npm run demo -- <files or folders>`.

import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { Analysis } from './types.ts';

interface Outcome {
  file: string;
  ms: number;
  analysis?: Analysis;
  /** What its calls of models have cost in US dollars; missing where an endpoint has no price. */
  usd?: number;
  error?: string;
}

interface Service {
  url: string;
  key: string | undefined;
}

const AT_A_TIME = 8;
const WAIT_SECONDS = 30;

const USAGE = `Usage: npm run demo -- [options] <files or folders>

  --url <url>  where the service is (HOLDFAST_URL, else http://127.0.0.1:3000)
  --key <key>  an API key (HOLDFAST_KEY)
  --json       print JSON, one document a line
  --help       print this

For example: npm run demo -- examples/01-documents/samples
`;

process.exitCode = await commandLine();

async function commandLine(): Promise<number> {
  try {
    const { values, positionals } = readArguments();
    if (!values.help) return await demo({ url: values.url, key: values.key }, positionals, values.json);
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env.HOLDFAST_URL ?? 'http://127.0.0.1:3000' },
      key: { type: 'string', default: process.env.HOLDFAST_KEY },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

async function demo(service: Service, paths: string[], json: boolean): Promise<number> {
  if (paths.length === 0) {
    process.stderr.write('Which documents? For example: npm run demo -- examples/01-documents/samples\n');
    return 2;
  }
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    process.stderr.write(`There is no file or folder ${missing.join(', ')}.\n`);
    return 1;
  }
  const files = (await Promise.all(paths.map(filesIn))).flat();
  if (files.length === 0) {
    process.stderr.write(`There are no files in ${paths.join(', ')}.\n`);
    return 1;
  }
  const outcomes = await analyseAll(service, files);
  if (json) for (const outcome of outcomes) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  else process.stdout.write(`${report(outcomes)}\n`);
  return outcomes.some((outcome) => outcome.error !== undefined) ? 1 : 0;
}

async function filesIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function analyseAll(service: Service, files: string[]): Promise<Outcome[]> {
  const bar = new SingleBar({
    format: '{bar} {value}/{total}  {rate} documents/s  {file}',
    barsize: 30,
    stream: process.stderr,
    noTTYOutput: false,
  });
  const startedAt = performance.now();
  bar.start(files.length, 0, { file: '', rate: '–' });
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const outcome = await analyse(service, files[index]!);
      outcomes[index] = outcome;
      const done = outcomes.filter(Boolean).length;
      bar.update(done, {
        file: basename(outcome.file),
        rate: ((done * 1000) / (performance.now() - startedAt)).toFixed(1),
      });
      if (!process.stderr.isTTY)
        process.stderr.write(`${done}/${files.length}  ${outcome.file}  ${outcome.error ?? outcome.analysis!.kind}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  bar.stop();
  return outcomes;
}

async function analyse(service: Service, file: string): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const bytes = await readFile(file);
    const run = await startRun(service, { name: basename(file), base64: bytes.toString('base64') });
    const outcome = await outcomeOf(service, run);
    const ms = Math.round(performance.now() - startedAt);
    const usd = outcome.usage?.costUsd;
    return outcome.result
      ? { file, ms, analysis: outcome.result, ...(usd != null && { usd: Number(usd) }) }
      : { file, ms, error: outcome.error?.message ?? `the run is ${outcome.status}` };
  } catch (error) {
    return { file, ms: Math.round(performance.now() - startedAt), error: reasonOf(error) };
  }
}

interface RunAnswer {
  id: string;
  status: string;
  result?: Analysis;
  usage?: { costUsd: string | null } | null;
  error?: { message: string } | null;
}

async function startRun(service: Service, body: unknown): Promise<RunAnswer> {
  return request(service, '/v1/workflows/Documents.analyze/runs', { method: 'POST', body: JSON.stringify(body) });
}

async function outcomeOf(service: Service, run: RunAnswer): Promise<RunAnswer> {
  let current = run;
  while (['queued', 'running', 'waiting'].includes(current.status)) {
    current = await request(service, `/v1/runs/${current.id}/result?wait=${WAIT_SECONDS}`, { method: 'GET' });
  }
  return current;
}

async function request(service: Service, path: string, init: RequestInit): Promise<RunAnswer> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json', Prefer: `wait=${WAIT_SECONDS}` };
  if (service.key) headers.Authorization = `Bearer ${service.key}`;
  const response = await fetch(new URL(path, service.url), { ...init, headers });
  const body = (await response.json()) as RunAnswer & { detail?: string };
  if (!response.ok) throw new Error(body.detail ?? `status ${response.status}`);
  return body;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const reason = (cause as Error | undefined)?.message;
  return reason ? `${message}: ${reason} (is the service running? npm start)` : message;
}

function report(outcomes: Outcome[]): string {
  const width = Math.max(60, (process.stdout.columns || 140) - 72);
  const table = new Table({
    head: ['DOCUMENT', 'KIND', 'LANG', 'COST', 'TITLE AND SUMMARY'],
    colWidths: [28, 15, 6, 10, width],
    wordWrap: true,
    ...(process.stdout.isTTY && process.stdout.hasColors() ? {} : { style: { head: [], border: [] } }),
  });
  for (const { file, analysis, usd, error } of outcomes) {
    if (analysis) {
      const { kind, language, title, summary } = analysis;
      table.push([basename(file), kind, language, cost(usd), `${title}\n${summary}`]);
    } else table.push([basename(file), 'failed', '', '', error ?? '']);
  }
  const failed = outcomes.filter((outcome) => outcome.error !== undefined).length;
  const known = outcomes.every(({ analysis, usd }) => !analysis || usd !== undefined);
  const total = known ? outcomes.reduce((sum, { usd = 0 }) => sum + usd, 0) : undefined;
  const slowest = Math.max(...outcomes.map((outcome) => outcome.ms));
  return `${table.toString()}\n${outcomes.length - failed} analysed, ${failed} failed; the slowest took ${slowest} ms. All of them cost ${cost(total)}.`;
}

/** A cost that is not known is not shown as nothing. */
function cost(usd: number | undefined): string {
  if (usd === undefined) return 'unknown';
  return usd === 0 ? '$0' : `$${usd.toPrecision(2)}`;
}
