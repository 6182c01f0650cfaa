// The lint rules that the repository relies on do fire, through the real oxlint: our own plugin, and the configuration.

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linkDependencies, REPOSITORY, temporaryTree } from './temporary-tree.ts';

interface Diagnostic {
  code: string;
  filename: string;
  labels: { span: { line: number } }[];
}

/** Lints `files` in a folder that has this repository's settings; returns what was found as `file:line rule`. */
function lint(files: Record<string, string>): string[] {
  const root = temporaryTree(files);
  for (const path of ['.oxlintrc.json', 'tsconfig.json', 'lint']) {
    cpSync(join(REPOSITORY, path), join(root, path), { recursive: true });
  }
  linkDependencies(root);
  const program = join(REPOSITORY, 'node_modules', '.bin', 'oxlint');
  const { stdout, stderr } = spawnSync(program, ['--format=json', ...Object.keys(files)], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stdout, stderr).toMatch(/^\{/);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
  return diagnostics.map(({ code, filename, labels }) => `${filename}:${labels[0]?.span.line} ${code}`);
}

const fixture = (name: string): string => readFileSync(join(REPOSITORY, 'test', 'fixtures', 'lint', name), 'utf8');

const determinism = (found: string[]): string[] => found.filter((text) => text.endsWith(' holdfast(determinism)'));

test('the determinism rule flags every line that is marked, and no other', () => {
  const text = fixture('violations.ts');
  const marked = text.split('\n').flatMap((line, index) => (line.endsWith('// flagged') ? [index + 1] : []));
  expect(marked.length).toBeGreaterThanOrEqual(8);
  const flagged = determinism(lint({ 'src/violations.ts': text }));
  expect(flagged.toSorted()).toEqual(
    marked.map((line) => `src/violations.ts:${line} holdfast(determinism)`).toSorted(),
  );
});

test('the determinism rule leaves good code alone', () => {
  expect(determinism(lint({ 'src/clean.ts': fixture('clean.ts') }))).toEqual([]);
});

test('promises are neither dropped nor mistaken for values', () => {
  const code = [
    'export async function work(): Promise<boolean> {',
    '  return Promise.resolve(true);',
    '}',
    'work();',
    'if (work()) await parseInt("1", 10);',
    '',
  ];
  expect(lint({ 'src/a.ts': code.join('\n') }).toSorted()).toEqual([
    'src/a.ts:4 typescript(no-floating-promises)',
    'src/a.ts:5 typescript(await-thenable)',
    'src/a.ts:5 typescript(no-misused-promises)',
  ]);
});

test('files have at most 300 lines, functions 60; functions of tests may be longer', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `  list.push(${index});`).join('\n');
  const text = (count: number) => `export function fill(list: number[]): void {\n${lines(count)}\n}\n`;
  expect(lint({ 'src/a.ts': text(58) })).toEqual([]);
  expect(lint({ 'src/a.ts': text(59) })).toEqual(['src/a.ts:1 eslint(max-lines-per-function)']);
  expect(lint({ 'test/a.ts': text(59) })).toEqual([]);
  expect(lint({ 'test/a.ts': text(299) })).toEqual([expect.stringContaining('eslint(max-lines)')]);
});

test('the environment is read in one file, and only the command line prints', () => {
  const code = 'console.log(process.env.PORT);\n';
  expect(lint({ 'src/http/a.ts': code }).toSorted()).toEqual([
    'src/http/a.ts:1 eslint(no-console)',
    'src/http/a.ts:1 node(no-process-env)',
  ]);
  expect(lint({ 'src/config.ts': code })).toEqual(['src/config.ts:1 eslint(no-console)']);
  expect(lint({ 'src/cli/a.ts': code })).toEqual(['src/cli/a.ts:1 node(no-process-env)']);
});

test('files do not import each other in circles', () => {
  const files = {
    'src/core/a.ts': "import { b } from './b.ts';\n\nexport const a = (): number => b();\n",
    'src/core/b.ts': "import { a } from './a.ts';\n\nexport const b = (): number => a();\n",
  };
  expect(lint(files)).toEqual([
    expect.stringContaining('import(no-cycle)'),
    expect.stringContaining('import(no-cycle)'),
  ]);
});
