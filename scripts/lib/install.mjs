// Are the dependencies of package-lock.json in node_modules, and is there a Node that the product runs on? If not: npm.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, secondsSince } from './run.mjs';

const LOWEST_NODE = 24;

/**
 * Tells whether node_modules is what package-lock.json asks for: it carries the fingerprint of the lock that `install` left
 * there, or npm's own record of an installation done by hand agrees with the lock package by package.
 */
export function isInstalled(root) {
  const lock = readText(join(root, 'package-lock.json'));
  if (lock === undefined) return existsSync(join(root, 'node_modules'));
  const fingerprint = fingerprintOf(lock);
  if (readText(stampPath(root)) === fingerprint) return true;
  const record = readText(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined || !agrees(JSON.parse(lock).packages, JSON.parse(record).packages)) return false;
  remember(root, fingerprint);
  return true;
}

/**
 * Installs with `npm ci`, development dependencies included whatever NODE_ENV says.
 * @throws Error when npm fails; its own output has said why.
 */
export async function install(root) {
  const reason = existsSync(join(root, 'node_modules')) ? 'node_modules does not match package-lock.json' : 'first run';
  console.error(`Installing dependencies (npm ci; ${reason}) ...`);
  const start = Date.now();
  if (!(await npm(root, ['ci', '--include=dev', '--no-audit', '--no-fund']))) {
    throw new Error('npm ci failed: see its message above. The next start tries again.');
  }
  remember(root, fingerprintOf(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  console.error(`Installed in ${secondsSince(start)}.`);
}

/** Tells whether npm scripts will find a Node that is new enough: the one of the development dependency, or the system's. */
export function hasNode(root) {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  return (
    existsSync(join(root, 'node_modules', 'node', 'bin', program)) ||
    Number.parseInt(process.versions.node) >= LOWEST_NODE
  );
}

/**
 * Fetches the Node of the development dependency, which an installation without install scripts leaves out.
 * @throws Error when it cannot be had, and says what to do instead.
 */
export async function ensureNode(root) {
  console.error('Fetching Node (npm rebuild node): it was installed without install scripts ...');
  await npm(root, ['rebuild', 'node']);
  if (hasNode(root)) return;
  throw new Error(
    `This is Node ${process.versions.node}, and Holdfast needs ${LOWEST_NODE} or later. The repository brings one along, but its ` +
      'install script was not allowed to run: install Node yourself, or run `npm rebuild node --ignore-scripts=false`.',
  );
}

function npm(root, args) {
  // npm deletes node_modules while it works, so it must not run on the Node that lies there.
  const bin = join(root, 'node_modules', '.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== bin);
  return run('npm', args, root, { ...process.env, PATH: path.join(delimiter), HOLDFAST_PREPARING: '1' });
}

function agrees(wanted, installed) {
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === entry.version : entry.optional === true || entry.devOptional === true;
  });
}

/** Saves the next start the comparison; where node_modules cannot be written, it is made again. */
function remember(root, fingerprint) {
  try {
    writeFileSync(stampPath(root), fingerprint);
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
  }
}

function stampPath(root) {
  return join(root, 'node_modules', '.holdfast-lock');
}

function fingerprintOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
