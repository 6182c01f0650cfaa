// Runs a program on behalf of `prepare`: its output goes to standard error, and it ends when `prepare` is told to end.

import { spawn } from 'node:child_process';

/** Runs `command` in `cwd` and returns whether it ended with exit code 0. Never rejects: a program that cannot start has failed. */
export function run(command, args, cwd, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    const stop = (signal) => {
      child.kill(signal);
      process.exitCode = 1;
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    const finish = (ok) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve(ok);
    };
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      finish(false);
    });
    child.on('exit', (code) => finish(code === 0));
  });
}

/** Returns the seconds since `startMs` (of `Date.now()`) as text for people. */
export function secondsSince(startMs) {
  return `${((Date.now() - startMs) / 1000).toFixed(1)} s`;
}
