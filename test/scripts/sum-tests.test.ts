// The last line of continuous integration counts what the reports say, and what they no longer could.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY, temporaryTree } from './temporary-tree.ts';

const report = (numPassedTests: number, numFailedTests: number, testResults: object[] = []): string =>
  JSON.stringify({ numPassedTests, numFailedTests, testResults });

test.each([
  ['two good reports', { 'a.json': report(5, 0), 'b.json': report(2, 0) }, '7 passed, 0 failed', 0],
  ['failed tests', { 'a.json': report(5, 1), 'b.json': report(2, 2) }, '7 passed, 3 failed', 1],
  [
    'a file that could not be loaded',
    { 'a.json': report(5, 0, [{ status: 'failed', assertionResults: [] }]), 'b.json': report(2, 0) },
    '7 passed, 1 failed',
    1,
  ],
  ['a run that did not get to its end', { 'a.json': report(5, 0) }, '5 passed, 1 failed', 1],
])('%s', (_name, files, line, status) => {
  const root = temporaryTree(files);
  const args = [join(REPOSITORY, 'scripts', 'sum-tests.mjs'), 'a.json', 'b.json'];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect(result).toMatchObject({ stdout: `${line}\n`, status });
});
