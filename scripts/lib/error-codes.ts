// Which error codes the sources throw, read from their text: the first argument of every error class that descends from HoldfastError.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT_CLASS = 'HoldfastError';
const CODE = /'([a-z][a-z0-9]*(?:_[a-z0-9]+)*)'/g;

/** Returns the error codes that appear in `src` below `root`, each with the files that throw it. */
export function errorCodes(root: string): Map<string, string[]> {
  const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => ({
    file,
    text: readFileSync(join(root, file), 'utf8'),
  }));
  const classes = errorClasses(sources.map(({ text }) => text));
  const thrown = new RegExp(`\\b(?:new (?:${[...classes].join('|')})|super)\\(\\s*([^,()]*)[,)]`, 'g');
  const codes = new Map<string, string[]>();
  for (const { file, text } of sources) {
    const found = [...text.matchAll(thrown)].flatMap((match) => [...match[1]!.matchAll(CODE)].map((code) => code[1]!));
    for (const code of new Set(found)) codes.set(code, [...(codes.get(code) ?? []), file]);
  }
  return codes;
}

/** The names of the classes in `texts` that extend HoldfastError, or a class that does. */
function errorClasses(texts: string[]): Set<string> {
  const pairs = texts.flatMap((text) => [...text.matchAll(/\bclass (\w+) extends (\w+)/g)]);
  const known = new Set([ROOT_CLASS]);
  for (let size = 0; size !== known.size;) {
    size = known.size;
    for (const [, name, parent] of pairs) if (known.has(parent!)) known.add(name!);
  }
  return known;
}
