// Documentation that is right: links lead somewhere, code in it compiles and parses, and its lists are those of the sources.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkBlocks } from './lib/docs-blocks.ts';
import { checkLinks } from './lib/docs-links.ts';
import { errorCodes } from './lib/error-codes.ts';
import { headingsOf } from './lib/markdown.ts';
import { repositoryFiles } from './lib/repository.ts';
import { reportViolations, type Violation } from './lib/violation.ts';

/** The pages for people: those at the top, in docs, and every README. Other Markdown files are data. */
const PAGE = /^(?:[^/]+\.md|docs\/.*\.md|.*\/README\.md|bench\/.*\.md)$/;

const REQUIRED = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/errors.md'];

/** Returns those of `files` that are pages of the documentation. */
export function pagesOf(files: string[]): string[] {
  return files.filter((file) => PAGE.test(file) && !file.startsWith('test/'));
}

/** Returns what is wrong with the documentation below `root`. */
export function checkDocs(root: string): Violation[] {
  const files = repositoryFiles(root);
  const pages = pagesOf(files);
  const missing = REQUIRED.filter((page) => !pages.includes(page));
  const check = (page: string, rule: (text: string) => Violation[]) =>
    pages.includes(page) ? rule(readFileSync(join(root, page), 'utf8')) : [];
  return [
    ...missing.map((file) => ({ file, message: 'is missing: the repository promises this page.' })),
    ...checkLinks(root, pages, files),
    ...checkBlocks(root, pages, files),
    ...check('CHANGELOG.md', (text) => checkChangelog(root, text)),
    ...check('ARCHITECTURE.md', (text) => checkRooms(text, files)),
    ...checkEnvironment(root, files),
    ...check('docs/errors.md', (text) => checkErrorPage(root, text)),
  ];
}

function checkChangelog(root: string, text: string): Violation[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const sections = headingsOf(text).map((heading) => heading.replaceAll(/[[\]]/g, '').split(' ')[0]);
  if (sections.includes('Unreleased') || sections.includes(version)) return [];
  return [{ file: 'CHANGELOG.md', message: `has no section 'Unreleased' and none for version ${version}.` }];
}

/** The table of rooms has a row for everything directly below `src`, and for nothing else. */
function checkRooms(text: string, files: string[]): Violation[] {
  const file = 'ARCHITECTURE.md';
  const cells = text.split('\n').flatMap((line) => /^\|([^|]*`src\/[^|]*)\|/.exec(line)?.[1] ?? []);
  const described = new Set(
    cells.flatMap((cell) => [...cell.matchAll(/`(?:src\/)?([\w.-]+)\/?`/g)].map((match) => match[1]!)),
  );
  const rooms = new Set(files.filter((path) => path.startsWith('src/')).map((path) => path.split('/')[1]!));
  return [
    ...[...rooms]
      .filter((room) => !described.has(room))
      .map((room) => `does not list 'src/${room}' in its table of rooms.`),
    ...[...described].filter((room) => !rooms.has(room)).map((room) => `lists 'src/${room}', which does not exist.`),
  ].map((message) => ({ file, message }));
}

/** Every variable that the configuration reads stands in `.env.example`. */
function checkEnvironment(root: string, files: string[]): Violation[] {
  if (!files.includes('src/config.ts')) return [];
  const variables = readFileSync(join(root, 'src/config.ts'), 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9_]*): /gm);
  const example = files.includes('.env.example') ? readFileSync(join(root, '.env.example'), 'utf8') : '';
  return [...variables]
    .filter(([, name]) => !new RegExp(`^#?${name}=`, 'm').test(example))
    .map(([, name]) => ({ file: '.env.example', message: `does not name ${name}, which src/config.ts reads.` }));
}

/** Every code that the sources throw has a heading of its own, and no heading is about a code that nothing throws. */
function checkErrorPage(root: string, text: string): Violation[] {
  const file = 'docs/errors.md';
  const thrown = errorCodes(root);
  const headings = headingsOf(text).flatMap((heading) => /^`([a-z0-9_]+)`/.exec(heading)?.[1] ?? []);
  const explained = new Set(headings);
  const spelt = sourceText(root);
  return [
    ...[...thrown]
      .filter(([code]) => !explained.has(code))
      .map(([code, files]) => `has no heading \`${code}\`, which ${files[0]} throws.`),
    ...headings
      .filter((code) => !spelt.includes(`'${code}'`))
      .map((code) => `explains \`${code}\`, which no source names.`),
  ].map((message) => ({ file, message }));
}

function sourceText(root: string): string {
  const files = repositoryFiles(root).filter((file) => file.startsWith('src/') && file.endsWith('.ts'));
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

if (import.meta.main) reportViolations(checkDocs(process.cwd()));
