// Links between the pages of the documentation, and from them to files of the repository.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { anchorsOf, type Link, linksOf } from './markdown.ts';
import type { Violation } from './violation.ts';

/** Returns the relative links of `pages` that lead to no file, folder or heading; `files` are the files of the repository. */
export function checkLinks(root: string, pages: string[], files: string[]): Violation[] {
  const targets = new Set(files.flatMap(withFolders));
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    return linksOf(text).flatMap((link) => {
      const message = problemWith(root, page, link, targets);
      return message === undefined ? [] : [{ file: page, line: link.line, message }];
    });
  });
}

function problemWith(root: string, page: string, { target }: Link, targets: Set<string>): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = '', fragment] = decodeURIComponent(target).split('#');
  const file = path === '' ? page : join(dirname(page), path).replace(/\/$/, '');
  if (file !== '.' && !targets.has(file)) return `links to '${target}', which is not in the repository.`;
  if (fragment === undefined || !file.endsWith('.md')) return undefined;
  if (anchorsOf(readFileSync(join(root, file), 'utf8')).has(fragment)) return undefined;
  return `links to '${target}', but ${file} has no such heading.`;
}

/** `a/b/c.md` and the folders that it is in. */
function withFolders(file: string): string[] {
  const parts = file.split('/');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}
