// What a source file imports, read from its text: static, dynamic and re-exporting imports, and imports of types.

import { lineAt } from './violation.ts';

export interface Import {
  specifier: string;
  line: number;
}

const STATIC = /^[ \t]*(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1/g;
const WORKER = /\bnew URL\(\s*(['"])(\.[^'"\n]+\.[jt]s)\1\s*,\s*import\.meta\.url/g;

/** Returns what `source` imports, in no particular order. Code in comments does not count, as far as comments start their line. */
export function importsOf(source: string): Import[] {
  const code = source.replaceAll(/^[ \t]*(?:\/\/|\*|\/\*).*$/gm, '');
  return [STATIC, DYNAMIC, WORKER].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: match[2]!,
      line: lineAt(code, match.index + match[0].length),
    })),
  );
}
