// Type-checks the TypeScript of the documentation against the public API, as a user's compiler would.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CodeBlock } from './markdown.ts';
import type { Violation } from './violation.ts';

interface Snippet {
  block: CodeBlock;
  /** Code of earlier blocks that this one continues. */
  before: string;
}

/**
 * Returns what the compiler says about `blocks` (TypeScript, in the order of their files). Each is a module of its own; one
 * whose fence says `ts continues` follows what its page has shown so far.
 */
export function checkSnippets(root: string, blocks: CodeBlock[]): Violation[] {
  if (blocks.length === 0) return [];
  const snippets = withContext(blocks);
  const parent = join(root, '.holdfast');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'snippets-'));
  try {
    snippets.forEach(({ block, before }, index) =>
      writeFileSync(join(folder, `snippet${index}.ts`), `${before}${block.text}export {};\n`),
    );
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings(root, folder)));
    return compile(root, folder).flatMap((line) => violationOf(line, snippets));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withContext(blocks: CodeBlock[]): Snippet[] {
  const shown = new Map<string, string>();
  return blocks.map((block) => {
    const before = block.meta.split(' ').includes('continues') ? (shown.get(block.file) ?? '') : '';
    shown.set(block.file, before + block.text);
    return { block, before };
  });
}

function settings(root: string, folder: string): object {
  const source = (path: string) => [relative(folder, join(root, path))];
  return {
    extends: relative(folder, join(root, 'tsconfig.json')),
    compilerOptions: {
      noEmit: true,
      rootDir: root,
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: { holdfast: source('src/index.ts'), 'holdfast/testing': source('src/testing.ts') },
    },
    include: ['./*.ts'],
    exclude: [],
  };
}

function compile(root: string, folder: string): string[] {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return result.status === 0 ? [] : `${result.stdout}${result.stderr}`.split('\n');
}

/** Mistakes outside the snippets are left to the check of types; those in earlier blocks are reported where they stand. */
function violationOf(line: string, snippets: Snippet[]): Violation[] {
  const [, index, row, message] = /^snippet(\d+)\.ts\((\d+),\d+\): (?:error )?(.*)$/.exec(line) ?? [];
  if (index === undefined) return line.startsWith('error ') ? [{ file: 'tsconfig.json', message: line }] : [];
  const { block, before } = snippets[Number(index)]!;
  const offset = Number(row) - before.split('\n').length;
  return offset < 0 ? [] : [{ file: block.file, line: block.line + offset, message: message! }];
}
