// The check of the documentation: missing pages, dead links, wrong code, and lists that the sources have left behind.

import { expect, test } from 'vitest';
import { checkDocs } from '../../scripts/check-docs.ts';
import { temporaryTree } from './temporary-tree.ts';

const GOOD = {
  'package.json': '{ "version": "1.2.0", "scripts": { "check": "true" } }',
  'README.md': '# Holdfast\n',
  'ARCHITECTURE.md': '| room | one line |\n|---|---|\n| `src/core/` | rules |\n| `src/app.ts`, `main.ts` | root |\n',
  'CONTRIBUTING.md': '# Contributing\n',
  'CHANGELOG.md': '## [1.2.0] - 2026-11-01\n',
  'docs/errors.md': '## `gone_wrong`\n',
  'src/app.ts': '',
  'src/main.ts': '',
  'src/core/errors.ts':
    "class HoldfastError extends Error {}\nthrow new HoldfastError('gone_wrong', `It went wrong.`);\n",
};

const found = (changes: Record<string, string>): string[] =>
  checkDocs(temporaryTree({ ...GOOD, ...changes })).map(
    ({ file, line, message }) => `${file}:${line ?? ''} ${message}`,
  );

const one = (text: string): unknown => [expect.stringContaining(text)];

test('documentation that is right passes', () => {
  expect(found({})).toEqual([]);
});

test('promised pages exist', () => {
  const { 'README.md': _readme, ...others } = GOOD;
  const problems = checkDocs(temporaryTree(others));
  expect(problems).toEqual([{ file: 'README.md', message: expect.stringContaining('missing') }]);
});

test('links lead to files, folders and headings', () => {
  const page =
    '# A page\n\n## Two `words`, here\n\n[a](../README.md) [b](../src) [c](#two-words-here) ![d](https://x.y/z.png)\n';
  expect(found({ 'docs/page.md': page })).toEqual([]);
  expect(found({ 'docs/page.md': '\n[a](../READ.md)\n' })).toEqual(one("docs/page.md:2 links to '../READ.md'"));
  expect(found({ 'docs/page.md': '[a](../README.md#nowhere)' })).toEqual(one('has no such heading'));
  expect(found({ 'docs/page.md': '[a][1]\n\n[1]: gone.md' })).toEqual(one("links to 'gone.md'"));
  expect(found({ 'docs/page.md': '`[a](gone.md)`\n\n```text\n[a](gone.md)\n```\n' })).toEqual([]);
});

test('code blocks name a known language', () => {
  expect(found({ 'README.md': '```\ncode\n```\n' })).toEqual(one("README.md:2 has a code block in ''"));
  expect(found({ 'README.md': '```typo\ncode\n```\n' })).toEqual(one("'typo'"));
  expect(found({ 'README.md': '````text\n```\nnot a block\n```\n````\n' })).toEqual([]);
});

test('JSON and SQL parse, npm commands exist', () => {
  expect(found({ 'README.md': '```json\n{ "a": 1, }\n```\n' })).toEqual(one('does not parse'));
  expect(found({ 'README.md': "```sql\nselect 'a, b from t;\n```\n" })).toEqual(one('quote'));
  expect(found({ 'README.md': '```sql\nselect (a from t;\n```\n' })).toEqual(one('parentheses'));
  expect(found({ 'README.md': '```sql\nselect a from t\n```\n' })).toEqual(one('semicolon'));
  expect(found({ 'README.md': "```sql\nselect 'it''s (' as \"a'b\" from t; -- don't\n```\n" })).toEqual([]);
  expect(found({ 'README.md': '```sh\nnpm run check\nnpm run chekc\n```\n' })).toEqual(one("'npm run chekc'"));
});

test('quotations stand in their files', () => {
  const files = { 'examples/01-a/app.ts': 'class A {\n  first() {}\n\n  second() {}\n}\n' };
  const quote = (code: string) => ({
    ...files,
    'README.md': `<!-- from: examples/01-a/app.ts -->\n\`\`\`ts\n${code}\n\`\`\`\n`,
  });
  expect(found(quote('first() {}\n\nsecond() {}'))).toEqual([]);
  expect(found(quote('class A {\n// …\n  second() {}'))).toEqual([]);
  expect(found(quote('third() {}'))).toEqual(one("does not contain 'third() {} …'"));
});

test('the changelog has a section for what is being made', () => {
  expect(found({ 'CHANGELOG.md': '## Unreleased\n' })).toEqual([]);
  expect(found({ 'CHANGELOG.md': '## 1.1.0\n' })).toEqual(one('version 1.2.0'));
});

test('the table of rooms is the tree', () => {
  expect(found({ 'src/attic/a.ts': '' })).toEqual(one("does not list 'src/attic'"));
  const table = `${GOOD['ARCHITECTURE.md']}| \`src/cellar/\` | wine |\n`;
  expect(found({ 'ARCHITECTURE.md': table })).toEqual(one("lists 'src/cellar'"));
});

test('the example of an environment names every variable', () => {
  const config = 'const Environment = z.object({\n  PORT: optional(z.string()),\n  HOST: optional(z.string()),\n});\n';
  const files = {
    'src/config.ts': config,
    'ARCHITECTURE.md': GOOD['ARCHITECTURE.md'].replace('`main.ts`', '`main.ts`, `config.ts`'),
  };
  expect(found({ ...files, '.env.example': '#PORT=3000\nHOST=\n' })).toEqual([]);
  expect(found({ ...files, '.env.example': '#PORT=3000\n# HOST is a name\n' })).toEqual(one('does not name HOST'));
});

test('every error code has its heading, and no heading is left over', () => {
  const thrown =
    "class Late extends HoldfastError {}\nthrow new Late(\n  isDue ? 'too_late' : 'gone_wrong',\n  `…`,\n);\n";
  expect(found({ 'src/core/late.ts': thrown })).toEqual(one('no heading `too_late`, which src/core/late.ts throws'));
  expect(found({ 'src/core/x.ts': "throw new Error('plain_error');" })).toEqual([]);
  expect(found({ 'docs/errors.md': '## `gone_wrong`\n\n## `never`\n' })).toEqual(one('explains `never`'));
});
