// Who may import whom: rooms of `src` only look down, the DBOS SDK stays in the engine, examples see what users see.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path/posix';
import { type Import, importsOf } from './lib/imports.ts';
import { reportViolations, type Violation } from './lib/violation.ts';

/** The rooms of `src` from the top down; the ones of a line are neighbours and may import each other. */
const FLOORS = [
  ['index.ts', 'testing.ts', 'testing'],
  ['cli', 'main.ts', 'app.ts', 'bodies.ts', 'config.ts', 'database.ts', 'running-app.ts'],
  ['http'],
  ['views'],
  ['admission'],
  ['agent'],
  ['mcp'],
  ['steps'],
  ['inference'],
  ['engine'],
  ['store'],
  ['observe'],
  ['postgres'],
  ['define'],
  ['core'],
  ['lib'],
];

/** Imports that the rules forbid and that stay, as `file -> specifier`, each with its reason. */
const EXEMPTIONS: Record<string, string> = {};

const SDK = '@dbos-inc/dbos-sdk';
const PUBLIC_NAMES = new Set(['holdfast', 'holdfast/testing', 'holdfast/oxlint-plugin']);

/** Returns the imports below `root` that break a rule. */
export function checkImports(root: string, exemptions: Record<string, string> = EXEMPTIONS): Violation[] {
  const files = globSync(['src/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'], { cwd: root });
  return files.toSorted().flatMap((file) =>
    importsOf(readFileSync(join(root, file), 'utf8'))
      .filter(({ specifier }) => !(`${file} -> ${specifier}` in exemptions))
      .flatMap((found) => {
        const message = problemWith(file, found);
        return message === undefined ? [] : [{ file, line: found.line, message }];
      }),
  );
}

function problemWith(file: string, { specifier }: Import): string | undefined {
  if (file.startsWith('src/')) return sdkProblem(file, specifier) ?? directionProblem(file, specifier);
  if (file.startsWith('examples/')) return sdkProblem(file, specifier) ?? exampleProblem(file, specifier);
  return undefined;
}

function sdkProblem(file: string, specifier: string): string | undefined {
  if (file.startsWith('src/engine/') || !(specifier === SDK || specifier.startsWith(`${SDK}/`))) return undefined;
  return `imports '${specifier}': only src/engine knows the SDK; export what is needed from there.`;
}

function directionProblem(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = relative('/', resolve('/', dirname(file), specifier));
  if (!target.startsWith('src/'))
    return `imports '${specifier}', which is outside src: the package would not contain it.`;
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === to) return undefined;
  const [fromFloor, toFloor] = [floorOf(from), floorOf(to)];
  if (fromFloor < 0)
    return `stands in the room '${from}', which scripts/check-imports.ts does not know: give it a floor.`;
  if (toFloor < 0) return `imports the room '${to}', which scripts/check-imports.ts does not know: give it a floor.`;
  if (fromFloor <= toFloor) return undefined;
  return `imports '${specifier}': '${to}' is above '${from}'. Pass it in as a parameter, or move what both need down.`;
}

function exampleProblem(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    const own = file.split('/').slice(0, 2).join('/');
    const target = relative('/', resolve('/', dirname(file), specifier));
    const mayTarget =
      target.startsWith(`${own}/`) || (file.startsWith(`${own}/test/`) && target.startsWith('test/support/'));
    return mayTarget ? undefined : `imports '${specifier}': an example stands alone, and imports 'holdfast'.`;
  }
  if (!specifier.startsWith('holdfast/') || PUBLIC_NAMES.has(specifier)) return undefined;
  return `imports '${specifier}', which is not public: use 'holdfast' or 'holdfast/testing'.`;
}

/** The folder or file directly below `src` that `path` belongs to. */
function roomOf(path: string): string {
  return path.split('/')[1]!;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

if (import.meta.main) reportViolations(checkImports(process.cwd()));
