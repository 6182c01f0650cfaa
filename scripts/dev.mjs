// `npm run dev`: compiles on every change and restarts the example's service with the result. Arguments go to `holdfast start`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { copyAssets } from './lib/build.mjs';

const APP = 'dist/examples/01-documents/app.js';

function compiler() {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => console.log(line));
  return child;
}

function service(args) {
  const watched = ['--watch-path=dist/src', '--watch-path=dist/examples', '--watch-preserve-output'];
  return spawn(process.execPath, [...watched, 'dist/src/cli/main.js', 'start', APP, ...args], { stdio: 'inherit' });
}

/** SQL and samples are not the compiler's business. */
function watchAssets() {
  watch('examples', { recursive: true }, (_event, file) => {
    if (file !== null && !file.endsWith('.ts')) copyAssets('.');
  });
}

const children = [compiler(), service(process.argv.slice(2))];
watchAssets();
// Ctrl-C reaches the children by itself, and may come twice; a signal to this process alone has to be passed on.
const stop = (signal) => children.forEach((child) => child.kill(signal));
process.on('SIGINT', stop).on('SIGTERM', stop);
await Promise.race(children.map((child) => once(child, 'exit')));
stop('SIGTERM');
await Promise.all(
  children.filter((child) => child.exitCode === null && child.signalCode === null).map((child) => once(child, 'exit')),
);
process.exit();
