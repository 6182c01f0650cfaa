// The project that docs/authoring.md sets up, on the package as it would be published: it compiles, its tests pass, it is served.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { codeBlocks } from '../../scripts/lib/markdown.ts';
import { sendRequest } from '../../src/testing/request.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { REPOSITORY } from '../scripts/temporary-tree.ts';

const FIXTURE = 'test/fixtures/project';

interface LockEntry {
  dev?: boolean;
}

// Compilers and test runners of their own take their time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let project: string;
let database: TestDatabase;

beforeAll(async () => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-project-')));
  cpSync(join(REPOSITORY, FIXTURE), project, { recursive: true });
  renameSync(join(project, 'oxlintrc.json'), join(project, '.oxlintrc.json'));
  installPackage();
  linkPackages();
  run('npm', ['run', 'build']);
  database = await freshDatabase();
});

afterAll(async () => {
  await database.drop();
  rmSync(project, { recursive: true, force: true });
});

/** Unpacks what `npm pack` makes, so that what the package leaves out is missed. */
function installPackage(): void {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project];
  const file = run('npm', pack, REPOSITORY).trim().split('\n').at(-1)!;
  run('tar', ['-xzf', file]);
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true });
  renameSync(join(project, 'package'), join(project, 'node_modules', 'holdfast'));
  chmodSync(join(project, 'node_modules/holdfast/dist/src/cli/main.js'), 0o755);
  symlinkSync('../holdfast/dist/src/cli/main.js', join(project, 'node_modules/.bin/holdfast'));
}

/** Links what npm would install: what the package depends on, and the development dependencies of the project itself. */
function linkPackages(): void {
  const lock = readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockEntry> };
  const own = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { devDependencies: object };
  const wanted = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  const paths = [
    ...wanted.map(([path]) => path),
    ...Object.keys(own.devDependencies).map((name) => `node_modules/${name}`),
  ];
  for (const path of new Set(paths)) {
    if (path.split('node_modules/').length !== 2 || !existsSync(join(REPOSITORY, path))) continue;
    mkdirSync(join(project, dirname(path)), { recursive: true });
    symlinkSync(join(REPOSITORY, path), join(project, path));
  }
  for (const name of ['tsc', 'vitest', 'oxlint']) {
    symlinkSync(join(REPOSITORY, 'node_modules/.bin', name), join(project, 'node_modules/.bin', name));
  }
}

/** Runs a program as a newcomer would; returns what it printed. @throws Error with all of that when it fails */
function run(program: string, args: string[], cwd = project): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', env: environment(), stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The environment without what the runner of this test sets in it. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, HOLDFAST_ENGINE } = process.env;
  return { PATH: `${dirname(process.execPath)}:${PATH}`, HOME, TMPDIR, HOLDFAST_ENGINE };
}

test('the page shows the project as it is here', () => {
  const quoted = codeBlocks('docs/authoring.md', REPOSITORY).flatMap(({ from, text }) =>
    from ? [{ from, text }] : [],
  );
  const files = ['package.json', 'tsconfig.json', 'oxlintrc.json', 'src/app.ts', 'src/shop.ts', 'test/shop.test.ts'];
  for (const file of [...files, 'test/crash.test.ts', 'migrations/0001_orders.sql']) {
    const path = `${FIXTURE}/${file}`;
    expect(quoted).toContainEqual({ from: path, text: readFileSync(join(REPOSITORY, path), 'utf8') });
  }
});

test('its own tests pass, a killed process included', () => {
  expect(run('npm', ['test'])).toMatch(/Tests .*2 passed/);
});

test('the lint rule is found by its name in the package', () => {
  run('npm', ['run', 'lint']);
  const body = `@workflow() static async at(): Promise<number> { return Date.now(); }`;
  writeFileSync(
    join(project, 'src/clock.ts'),
    `import { workflow } from 'holdfast';\nexport class Clock { ${body} }\n`,
  );
  try {
    expect(() => run('npm', ['run', 'lint'])).toThrow(/holdfast\(determinism\).*Date\.now/);
  } finally {
    rmSync(join(project, 'src/clock.ts'));
  }
});

test('the types of the package stand on what it depends on', () => {
  writeFileSync(join(project, 'src/kit.ts'), `export * from 'holdfast/testing';\n`);
  try {
    expect(() => run('tsc', ['--noEmit', '--preserveSymlinks', '--pretty', 'false'])).not.toThrow();
  } finally {
    rmSync(join(project, 'src/kit.ts'));
  }
});

test('`holdfast start` serves it, and applies its migrations', async () => {
  const env = { ...environment(), DATABASE_URL: database.url, PORT: '0', LOG_FORMAT: 'json' };
  const service = spawn(join(project, 'node_modules/.bin', 'holdfast'), ['start'], {
    cwd: project,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(service, 'exit');
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    service.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const [, found] = /ready at (http:[^ "]+)/.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
    service.once('error', reject).once('exit', () => reject(new Error(`The service ended. It logged:\n${log}`)));
  });
  const order = { body: { item: 'pen', count: 2 }, headers: { Prefer: 'wait=10' } };
  const { body } = await sendRequest<object>(url, 'POST', '/v1/workflows/Shop.order/runs', order);
  expect(body).toMatchObject({ status: 'succeeded', result: { id: '1', cents: 600 } });
  service.kill();
  expect(await exited).toEqual([0, null]);
});
