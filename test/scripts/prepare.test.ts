// The script in front of every npm script: it installs and builds when that is needed, once, and says so when it cannot.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { REPOSITORY, temporaryTree } from './temporary-tree.ts';

const LOCK = JSON.stringify({
  packages: {
    '': { name: 'holdfast' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
});

// Does what npm ci does as far as it matters here: it takes a while, makes node_modules anew, and is counted.
const NPM = `#!/bin/sh
echo "$*" >> npm.log
sleep 0.3
rm -rf node_modules
mkdir -p node_modules/typescript/bin
cp compiler.js node_modules/typescript/bin/tsc
[ -z "$NPM_FAILS" ]
`;

// Stands in for the compiler: copies the sources to where the output belongs.
const COMPILER = `
const { cpSync, readFileSync } = require('node:fs');
if (readFileSync('src/index.ts', 'utf8').includes('wrong')) { console.error('src/index.ts: wrong'); process.exit(2); }
for (const [from, to] of JSON.parse(readFileSync('outputs.json', 'utf8'))) cpSync(from, to);
`;

/** A checkout with the real scripts, and with an npm and a compiler that cost nothing. */
function checkout(): string {
  const root = temporaryTree({
    'package.json': '{}',
    'package-lock.json': LOCK,
    'tsconfig.json': '{}',
    'tsconfig.build.json': '{}',
    'src/index.ts': 'export {};\n',
    'src/old.ts': 'export {};\n',
    'examples/01-a/migrations/001.sql': 'select 1;\n',
    'examples/01-a/README.md': '# Example\n',
    'compiler.js': COMPILER,
    'outputs.json':
      '[["src/index.ts", "dist/src/index.js"], ["src/index.ts", "dist/src/old.js"], ["src/index.ts", "dist/src/old.d.ts"]]',
    'bin/npm': NPM,
  });
  chmodSync(join(root, 'bin', 'npm'), 0o755);
  cpSync(join(REPOSITORY, 'scripts'), join(root, 'scripts'), { recursive: true });
  return root;
}

const environment = (root: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${join(root, 'bin')}:${process.env.PATH}`,
  HOLDFAST_PREPARING: undefined,
  ...more,
});

function prepare(
  root: string,
  args: string[] = [],
  more: NodeJS.ProcessEnv = {},
): { status: number | null; said: string } {
  const script = join(root, 'scripts', 'prepare.mjs');
  const result = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environment(root, more),
  });
  expect(result.stdout).toBe('');
  return { status: result.status, said: result.stderr };
}

function installations(root: string): number {
  const log = join(root, 'npm.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
}

test('installs once, and again when the lock has changed', () => {
  const root = checkout();
  expect(prepare(root)).toMatchObject({ status: 0, said: expect.stringMatching(/first run[\s\S]*Installed in/) });
  expect(prepare(root)).toEqual({ status: 0, said: '' });
  expect(installations(root)).toBe(1);
  expect(readFileSync(join(root, 'npm.log'), 'utf8')).toContain('ci --include=dev');
  writeFileSync(join(root, 'package-lock.json'), LOCK.replace('1.0.0', '1.0.1'));
  expect(prepare(root).said).toContain('does not match package-lock.json');
  expect(installations(root)).toBe(2);
});

test.each([
  ['as the lock says', { 'node_modules/a': { version: '1.0.0' } }, 0],
  ['with another version', { 'node_modules/a': { version: '0.9.0' } }, 1],
  ['with a package missing', { 'node_modules/b': { version: '2.0.0' } }, 1],
])('what was installed by hand %s is judged by its packages', (_how, packages, count) => {
  const root = checkout();
  mkdirSync(join(root, 'node_modules'));
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
  expect(prepare(root).status).toBe(0);
  expect(installations(root)).toBe(count);
});

test('an installation that failed is reported, and made again', () => {
  const root = checkout();
  const failure = prepare(root, [], { NPM_FAILS: '1' });
  expect(failure).toMatchObject({ status: 1, said: expect.stringContaining('npm ci failed') });
  expect(prepare(root).status).toBe(0);
  expect(installations(root)).toBe(2);
});

test('several at once install and build once, and all wait for it', async () => {
  const root = checkout();
  const script = join(root, 'scripts', 'prepare.mjs');
  const start = async (): Promise<string> => {
    const child = spawn(process.execPath, [script, '--build'], { cwd: root, env: environment(root) });
    const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr)]);
    expect(code, said).toBe(0);
    expect(existsSync(join(root, 'dist', 'src', 'index.js'))).toBe(true);
    return said;
  };
  const said = (await Promise.all([start(), start(), start(), start()])).join('');
  expect(installations(root)).toBe(1);
  expect(said.match(/Building/g)).toHaveLength(1);
  expect(existsSync(join(root, '.holdfast', 'prepare.lock'))).toBe(false);
});

test('the lock of a process that is gone does not hold anybody up', () => {
  const root = checkout();
  const lock = join(root, '.holdfast', 'prepare.lock');
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  mkdirSync(dirname(lock));
  writeFileSync(lock, String(gone));
  expect(prepare(root).status).toBe(0);
  expect(existsSync(lock)).toBe(false);
});

test('nor does one whose process id somebody else has by now', () => {
  const root = checkout();
  const lock = join(root, '.holdfast', 'prepare.lock');
  mkdirSync(dirname(lock));
  writeFileSync(lock, String(process.pid));
  utimesSync(lock, new Date(), new Date(Date.now() - 60_000));
  expect(prepare(root).status).toBe(0);
});

test('nothing is installed from inside an installation', () => {
  const root = checkout();
  expect(prepare(root, ['--build'], { HOLDFAST_PREPARING: '1' })).toEqual({ status: 0, said: '' });
  expect(installations(root)).toBe(0);
});

test('builds when a source has changed, with what lies beside the sources, without what is left over', () => {
  const root = checkout();
  expect(prepare(root, ['--build']).said).toContain('Built in');
  expect(existsSync(join(root, 'dist', 'examples', '01-a', 'migrations', '001.sql'))).toBe(true);
  expect(existsSync(join(root, 'dist', 'examples', '01-a', 'README.md'))).toBe(false);
  expect(prepare(root, ['--build'])).toEqual({ status: 0, said: '' });
  rmSync(join(root, 'src', 'old.ts'));
  writeFileSync(join(root, 'outputs.json'), '[]');
  expect(prepare(root, ['--build']).said).toContain('Built in');
  expect(existsSync(join(root, 'dist', 'src', 'index.js'))).toBe(true);
  expect(existsSync(join(root, 'dist', 'src', 'old.js'))).toBe(false);
  expect(existsSync(join(root, 'dist', 'src', 'old.d.ts'))).toBe(false);
});

test('a build that failed is reported, and made again', () => {
  const root = checkout();
  writeFileSync(join(root, 'src', 'index.ts'), 'wrong\n');
  const said = expect.stringMatching(/src\/index\.ts: wrong[\s\S]*The build failed/);
  expect(prepare(root, ['--build'])).toMatchObject({ status: 1, said });
  expect(prepare(root, ['--build'])).toMatchObject({ status: 1, said });
});
