// How many documents an hour the documents service analyses, and what the engine's share of the time is.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startModelServer } from 'holdfast/testing';
import { type Measurement, median, rounded } from './measurement.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

const REPEATS = 3;
const CONCURRENCY = 24;
const DOCUMENTS = { stub: 300, local: 60 } as const;
/** read, classify, extractFields, summarise, save: what a run of `Documents.analyze` records. */
const STEPS_PER_DOCUMENT = 5;
/** The median size of a Python Enhancement Proposal. */
const DOCUMENT_CHARACTERS = 17_000;
const APP = 'examples/01-documents/app.js';

/** Measures the service with a stub for a model that answers at once, with the local model, and the stock SDK with empty steps. */
export async function benchDocuments(say: (line: string) => void): Promise<Measurement[]> {
  const text = await sampleText();
  const perHour: Record<'stub' | 'local', number[]> = { stub: [], local: [] };
  const stock: number[] = [];
  for (let repeat = 1; repeat <= REPEATS; repeat += 1) {
    say(`Repeat ${repeat} of ${REPEATS}`);
    perHour.stub.push(await withStub((service) => documentsPerHour(service, text, DOCUMENTS.stub)));
    stock.push(await stockStepsPerSecond());
    perHour.local.push(await withLocal((service) => documentsPerHour(service, text, DOCUMENTS.local)));
  }
  const stepsPerSecond = (median(perHour.stub) * STEPS_PER_DOCUMENT) / 3600;
  return [
    measured('holdfast', 'documents_per_hour', median(perHour.stub), '1/h', 'stub'),
    measured('holdfast', 'documents_per_hour', median(perHour.local), '1/h', 'local'),
    measured('holdfast', 'steps_per_second', stepsPerSecond, '1/s', 'stub'),
    measured('stock', 'steps_per_second', median(stock), '1/s', 'none'),
    measured('holdfast', 'engine_share', stepsPerSecond / median(stock), 'of the time', 'stub'),
  ];
}

function measured(system: string, metric: string, value: number, unit: string, model: string): Measurement {
  const params = { model, concurrency: CONCURRENCY, characters: DOCUMENT_CHARACTERS };
  return { bench: 'documents', cell: 'analyze', params, system, metric, value: rounded(value), unit, repeats: REPEATS };
}

/** A text as long as a typical proposal, from the sample beside the example. */
async function sampleText(): Promise<string> {
  const file = fileURLToPath(new URL('../../examples/01-documents/samples/pep-0754.rst', import.meta.url));
  const sample = await readFile(file, 'utf8');
  return sample.repeat(Math.ceil(DOCUMENT_CHARACTERS / sample.length)).slice(0, DOCUMENT_CHARACTERS);
}

async function withStub<T>(body: (service: ServiceProcess) => Promise<T>): Promise<T> {
  const stub = await startModelServer(() => ({}));
  const service = await startServiceProcess(APP, {
    OPENAI_BASE_URL: stub.url,
    OPENAI_MODEL: 'stub',
    OPENAI_API_KEY: 'none',
  });
  try {
    return await body(service);
  } finally {
    await service.stop();
    await stub.close();
  }
}

async function withLocal<T>(body: (service: ServiceProcess) => Promise<T>): Promise<T> {
  const service = await startServiceProcess(APP, { OPENAI_BASE_URL: '', OPENAI_MODEL: '', OPENAI_API_KEY: '' });
  try {
    return await body(service);
  } finally {
    await service.stop();
  }
}

async function documentsPerHour(service: ServiceProcess, text: string, count: number): Promise<number> {
  await analyseMany(service, text, CONCURRENCY, 'warm');
  const startedAt = performance.now();
  await analyseMany(service, text, count, 'timed');
  return (count * 3_600_000) / (performance.now() - startedAt);
}

async function analyseMany(service: ServiceProcess, text: string, count: number, label: string): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++)
      await analyse(service, `${label}-${index}.rst`, `${text}\n\n${label} ${index}\n`);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function analyse(service: ServiceProcess, name: string, text: string): Promise<void> {
  const response = await fetch(`${service.url}/v1/workflows/Documents.analyze/runs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: 'wait=30' },
    body: JSON.stringify({ name, text }),
  });
  const run = (await response.json()) as { status: string; error?: { message: string } };
  if (run.status !== 'succeeded')
    throw new Error(`The analysis of ${name} is ${run.status}: ${run.error?.message ?? ''}`);
}

async function stockStepsPerSecond(): Promise<number> {
  const script = fileURLToPath(new URL('./stock-steps.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    String(CONCURRENCY),
    String(STEPS_PER_DOCUMENT),
  ]);
  return Number(stdout.trim().split('\n').at(-1));
}
