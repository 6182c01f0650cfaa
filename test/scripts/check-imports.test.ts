// The check of imports: what may look where, and what it says about the rest.

import { describe, expect, test } from 'vitest';
import { checkImports } from '../../scripts/check-imports.ts';
import { temporaryTree } from './temporary-tree.ts';

const found = (files: Record<string, string>, exemptions?: Record<string, string>): string[] =>
  checkImports(temporaryTree(files), exemptions).map(({ file, line, message }) => `${file}:${line} ${message}`);

describe('rooms of src', () => {
  test('may import their own files and what lies below', () => {
    const files = {
      'src/index.ts': "export { run } from './http/routes/run.ts';\n",
      'src/http/routes/run.ts': "import { a } from '../door.ts';\nimport { b } from '../../core/b.ts';\n",
      'src/cli/start.ts': "import { createApp } from '../app.ts';\nimport pg from 'pg';\n",
    };
    expect(found(files)).toEqual([]);
  });

  test.each([
    ["import { door } from '../http/door.ts';"],
    ["import type { Door } from '../http/door.ts';"],
    ["export * from '../http/door.ts';"],
    ["import {\n  door,\n  other,\n} from '../http/door.ts';"],
    ["const door = await import('../http/door.ts');"],
    ["let door: import('../http/door.ts').Door;"],
    ["import '../http/door.ts';"],
    ["new Worker(new URL('../http/door.ts', import.meta.url));"],
  ])('may not look up: %s', (code) => {
    const [problem, ...others] = found({ 'src/store/runs.ts': `const first = 1;\n${code}\n` });
    expect(problem).toMatch(/^src\/store\/runs\.ts:\d+ imports '\.\.\/http\/door\.ts': 'http' is above 'store'/);
    expect(others).toEqual([]);
  });

  test('name the line of the import', () => {
    const code = "// First.\nimport { a } from './a.ts';\nimport { door } from '../http/door.ts';\n";
    expect(found({ 'src/store/runs.ts': code })[0]).toMatch(/^src\/store\/runs\.ts:3 /);
  });

  test('are all known', () => {
    expect(found({ 'src/attic/box.ts': "import { a } from '../core/a.ts';" })[0]).toContain("the room 'attic'");
    expect(found({ 'src/core/a.ts': "import { box } from '../attic/box.ts';" })[0]).toContain("the room 'attic'");
  });

  test('may not leave src', () => {
    expect(found({ 'src/core/a.ts': "import { b } from '../../scripts/b.ts';" })[0]).toContain('outside src');
  });

  test('do not import what comments mention', () => {
    const code = "// import { door } from '../http/door.ts';\n/**\n * import { door } from '../http/door.ts';\n */\n";
    expect(found({ 'src/store/runs.ts': code })).toEqual([]);
  });
});

test('only the engine imports the SDK', () => {
  const code = "import { DBOS } from '@dbos-inc/dbos-sdk';\nimport type { X } from '@dbos-inc/dbos-sdk/datasource';\n";
  expect(found({ 'src/engine/launch.ts': code })).toEqual([]);
  expect(found({ 'src/store/runs.ts': code })).toHaveLength(2);
  expect(found({ 'examples/01-a/app.ts': code })).toHaveLength(2);
});

test('examples import the public names and their own files', () => {
  const good =
    "import { step } from 'holdfast';\nimport { startService } from 'holdfast/testing';\nimport { a } from './a.ts';\n";
  expect(
    found({ 'examples/01-a/app.ts': good, 'examples/01-a/test/a.test.ts': "import { app } from '../app.ts';" }),
  ).toEqual([]);
  expect(found({ 'examples/01-a/app.ts': "import { step } from '../../src/index.ts';" })).toHaveLength(1);
  expect(found({ 'examples/01-a/app.ts': "import { b } from '../02-b/b.ts';" })).toHaveLength(1);
  expect(found({ 'examples/01-a/app.ts': "import { x } from 'holdfast/dist/src/store/runs.js';" })).toHaveLength(1);
});

test('tests of examples may also use what the tests of the repository share', () => {
  const code = "import { database } from '../../../test/support/database.ts';\n";
  expect(found({ 'examples/01-a/test/a.test.ts': code })).toEqual([]);
  expect(found({ 'examples/01-a/test/a.test.ts': "import { x } from '../../../src/x.ts';" })).toHaveLength(1);
  expect(found({ 'examples/01-a/parts/a.ts': code })).toHaveLength(1);
});

test('exemptions are by file and import', () => {
  const files = { 'src/store/runs.ts': "import { a } from '../http/a.ts';\nimport { b } from '../http/b.ts';\n" };
  const problems = found(files, { 'src/store/runs.ts -> ../http/a.ts': 'a reason' });
  expect(problems).toEqual([expect.stringContaining('../http/b.ts')]);
});
