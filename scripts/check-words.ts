// What must not stand in the repository: paths of somebody's machine, notes of things left undone, tests that are switched off.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFiles } from './lib/repository.ts';
import { lineAt, reportViolations, type Violation } from './lib/violation.ts';

interface Rule {
  pattern: RegExp;
  message: string;
  /** The files that the rule is about; all by default. */
  files?: RegExp;
}

const RULES: Rule[] = [
  {
    pattern: /(?<![\w.~$}:/-])\/(?:work\b|tmp\b|root\/\S|home\/\w|Users\/\w)/g,
    message: 'is a path of one machine: use a path relative to the repository, or os.tmpdir().',
  },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/g, message: 'marks something undone: do it, or describe it in an issue.' },
  {
    pattern: /\b(?:describe|it|test|suite|bench)(?:\.\w+)*\.(?:only|skip|todo)\b/g,
    message: 'switches tests off: run them all, or use skipIf with the condition that they need.',
    files: /\.test\.ts$/,
  },
];

/** Files, and folders (ending in a slash), that may break a rule, each with its reason. */
const EXEMPTIONS: Record<string, string> = {
  'scripts/check-words.ts': 'names the words',
  'test/scripts/check-words.test.ts': 'proves that the words are found',
  'package-lock.json': 'is written by npm, and its checksums may spell anything',
  LICENSE: 'is quoted',
};

const BINARY = /\.(?:png|jpe?g|gif|ico|webp|woff2?|pdf|docx|zip|gz)$/;

/** Returns the words in the files of `root` that a rule forbids. */
export function checkWords(root: string, exemptions: Record<string, string> = EXEMPTIONS): Violation[] {
  const exempt = Object.keys(exemptions);
  const isExempt = (file: string) =>
    exempt.some((path) => file === path || (path.endsWith('/') && file.startsWith(path)));
  const files = repositoryFiles(root).filter((file) => !isExempt(file) && !BINARY.test(file));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return RULES.filter((rule) => rule.files?.test(file) ?? true).flatMap(({ pattern, message }) =>
      [...text.matchAll(pattern)].map((match) => ({
        file,
        line: lineAt(text, match.index),
        message: `'${match[0]}' ${message}`,
      })),
    );
  });
}

if (import.meta.main) reportViolations(checkWords(process.cwd()));
