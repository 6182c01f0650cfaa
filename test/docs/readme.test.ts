// What the README tells a newcomer to type is typed here, against a service that runs as the README says.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import app from '../../examples/01-documents/app.ts';
import { closeReaders } from '../../examples/01-documents/read/read-document.ts';
import { codeBlocks } from '../../scripts/lib/markdown.ts';
import { startService, type TestService } from '../../src/testing/service.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

const run = promisify(execFile);
const blocks = codeBlocks('README.md');

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await freshDatabase();
  service = await startService({ app, databaseUrl: database.url });
});

afterAll(async () => {
  await service.stop();
  await closeReaders();
  await database.drop();
});

function command(part: string): string {
  const block = blocks.find(({ language, text }) => language === 'sh' && text.includes(part));
  if (!block) throw new Error(`The README has no command with '${part}'.`);
  return block.text;
}

test('the curl of the first screen is answered as it is shown', async () => {
  const curl = command('curl').replaceAll('http://127.0.0.1:3000', service.url);
  const { stdout } = await run('sh', ['-c', curl]);
  const shown = blocks.find(({ language }) => language === 'json')!;
  const { result, ...rest } = JSON.parse(shown.text) as { result: { keyphrases: string[] } };
  const { keyphrases, ...fields } = result;
  const answer = JSON.parse(stdout) as { result: { keyphrases: string[] } };
  expect(answer).toMatchObject({ ...rest, result: fields });
  expect(answer.result.keyphrases).toEqual(expect.arrayContaining(keyphrases));
});

test('the demo analyses the samples', async () => {
  const samples = /npm run demo -- (\S+)/.exec(command('npm run demo'))![1]!;
  const { stdout } = await run(process.execPath, ['dist/examples/01-documents/demo.js', samples, '--url', service.url]);
  expect(stdout).toContain('Order of three gauges');
  expect(stdout).toMatch(/\d+ analysed, 0 failed/);
});

test('every npm command of the README exists', async () => {
  const { scripts } = (await import('../../package.json', { with: { type: 'json' } })).default;
  const text = blocks.map((block) => block.text).join('\n');
  const names = [...text.matchAll(/npm (?:run )?([\w:]+)/g)].map((match) => match[1]!);
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(Object.keys(scripts)).toContain(name);
});
