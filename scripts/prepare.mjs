// Makes a checkout ready to run: installs what is missing, and with `--build` compiles what has changed. Every npm script
// starts with it, so it is plain JavaScript for Node 18 and later, uses built-in modules only, and speaks on standard error.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './lib/build.mjs';
import { ensureNode, hasNode, install, isInstalled } from './lib/install.mjs';
import { withLock } from './lib/lock.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wantsBuild = process.argv.includes('--build');

/** Tells whether there is nothing to do; this is the usual case, and has to be fast. */
function isReady() {
  return isInstalled(root) && hasNode(root) && (!wantsBuild || isBuilt(root));
}

async function prepare() {
  if (!isInstalled(root)) await install(root);
  if (!hasNode(root)) await ensureNode(root);
  if (wantsBuild && !isBuilt(root)) await build(root);
}

// npm runs life-cycle scripts of its own while it installs; none of them may start a second installation.
if (!process.env.HOLDFAST_PREPARING) {
  try {
    if (!isReady()) await withLock(root, prepare);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
