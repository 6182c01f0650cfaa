// `npm run dev`: compiles on every change and restarts the example's service with the result. Arguments go to `holdfast start`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { copyAssets } from './lib/build.mjs';

const APP = 'dist/examples/01-documents/app.js';

/** Starts the compiler; `compiled` is called whenever it has been through all that changed. */
function compiler(compiled) {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    if (line.includes('Watching for file changes')) compiled();
  });
  return child;
}

function service(args) {
  const watched = ['--watch-path=dist/src', '--watch-path=dist/examples', '--watch-preserve-output'];
  return spawn(process.execPath, [...watched, 'dist/src/cli/main.js', 'start', APP, ...args], { stdio: 'inherit' });
}

/** SQL and samples are not the compiler's business. */
function watchAssets() {
  return watch('examples', { recursive: true }, (_event, file) => {
    if (file !== null && !file.endsWith('.ts')) copyAssets('.');
  });
}

const compiling = Promise.withResolvers();
const children = [compiler(compiling.resolve)];
// Ctrl-C reaches the children by itself, and may come twice; a signal to this process alone has to be passed on.
const stop = (signal) => children.forEach((child) => child.kill(signal));
process.on('SIGINT', stop).on('SIGTERM', stop);

const compilerEnd = once(children[0], 'exit');
const isCompiled = await Promise.race([compiling.promise.then(() => true), compilerEnd.then(() => false)]);
if (isCompiled) {
  children.push(service(process.argv.slice(2)));
  const watcher = watchAssets();
  await Promise.race([compilerEnd, once(children[1], 'exit')]);
  watcher.close();
  stop('SIGTERM');
}
