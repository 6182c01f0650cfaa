// The check of words: paths of one machine, marks of undone work and switched-off tests are found where they stand.

import { expect, test } from 'vitest';
import { checkWords } from '../../scripts/check-words.ts';
import { temporaryTree } from './temporary-tree.ts';

const found = (files: Record<string, string>, exemptions?: Record<string, string>): string[] =>
  checkWords(temporaryTree(files), exemptions).map(({ file, line, message }) => `${file}:${line} ${message}`);

test.each(['/work/shop/src', '/tmp/x', '/home/anna/code', '/Users/anna', '/root/.npmrc'])(
  '%s is a path of one machine',
  (path) => {
    expect(found({ 'docs/a.md': `Fine.\n\nSee ${path} for it.\n` })).toEqual([
      expect.stringMatching(/^docs\/a\.md:3 /),
    ]);
  },
);

test.each([
  'https://example.com/work/it',
  'src/work/it.ts',
  './tmp/x',
  'the work/home balance',
  '/workers',
  '${base}/tmp/x',
])('%s is not', (text) => {
  expect(found({ 'docs/a.md': text })).toEqual([]);
});

test.each(['TODO', 'FIXME', 'XXX'])('%s marks undone work', (word) => {
  expect(found({ 'src/a.ts': `const a = 1; // ${word}: more\n` })).toHaveLength(1);
  expect(found({ 'src/a.ts': `const MY${word}S = 1;\n` })).toEqual([]);
});

test('tests may not be switched off', () => {
  const calls = ['test.only(', 'it.skip(', 'describe.todo(', 'test.concurrent.skip('];
  for (const call of calls) expect(found({ 'test/a.test.ts': `${call}'a', () => {});\n` }), call).toHaveLength(1);
  expect(
    found({ 'test/a.test.ts': "test.skipIf(process.platform === 'win32')('a', () => {});\nlist.skip(1);\n" }),
  ).toEqual([]);
  expect(found({ 'src/a.ts': 'const rows = await test.skip(1);\n' })).toEqual([]);
});

test('ignored files and exempt ones are left alone', () => {
  const files = {
    '.gitignore': 'dist/\n',
    'dist/a.js': '// TODO',
    'samples/a.txt': 'TODO',
    'b.txt': 'TODO',
    'c.txt': 'TODO',
  };
  expect(found(files, { 'samples/': 'a reason', 'b.txt': 'a reason' })).toEqual([expect.stringMatching(/^c\.txt:1 /)]);
});
