// The build: TypeScript to `dist`, beside it the other files that examples and sources read at run time. Only when something changed.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, secondsSince } from './run.mjs';

const SOURCE_FOLDERS = ['src', 'examples', 'bench'];
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
const OUTPUT = /\.(?:js|d\.ts)(?:\.map)?$/;

/** Tells whether `dist` was built from the sources as they are now (by path, size and time of change). */
export function isBuilt(root) {
  try {
    return readFileSync(stampPath(root), 'utf8') === signatureOf(root);
  } catch {
    return false;
  }
}

/**
 * Compiles, copies the files that are not TypeScript, and removes the output of sources that are gone.
 * @throws Error when the compiler found mistakes, which it has listed.
 */
export async function build(root) {
  console.error('Building ...');
  const start = Date.now();
  const signature = signatureOf(root);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!(await run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], root))) {
    throw new Error('The build failed: the compiler lists what is wrong above.');
  }
  copyAssets(root);
  removeOrphans(root);
  writeFileSync(stampPath(root), signature);
  console.error(`Built in ${secondsSince(start)}.`);
}

/** Copies what `import.meta.url` of a built file should find beside it: SQL, samples, data. */
export function copyAssets(root) {
  for (const path of sourceFiles(root)) {
    if (path.endsWith('.ts') || path.endsWith('/README.md') || path.includes('/test/')) continue;
    const target = join(root, 'dist', path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, path), target);
  }
}

function removeOrphans(root) {
  const sources = new Set(sourceFiles(root));
  for (const path of SOURCE_FOLDERS.flatMap((folder) => filesBelow(join(root, 'dist'), folder))) {
    if (!sources.has(path) && !sources.has(path.replace(OUTPUT, '.ts'))) rmSync(join(root, 'dist', path));
  }
}

function signatureOf(root) {
  const hash = createHash('sha256');
  for (const path of [...sourceFiles(root), ...SETTINGS]) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function sourceFiles(root) {
  return SOURCE_FOLDERS.flatMap((folder) => filesBelow(root, folder));
}

/** The files below `folder`, as paths from `root` with forward slashes; none when it does not exist. */
function filesBelow(root, folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(root, path);
    return entry.isFile() ? [path] : [];
  });
}

function stampPath(root) {
  return join(root, 'dist', '.build-stamp');
}
