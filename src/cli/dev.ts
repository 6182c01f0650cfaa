// `holdfast dev [app]`: runs an app and starts it anew whenever its code changes.

import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { currentEnvironment } from '../config.ts';
import { DEFAULT_APP } from './start.ts';

/** Returns the command. */
export function devCommand(): Command {
  return new Command('dev')
    .description('run an app and start it anew when its code changes')
    .argument('[app]', 'the module whose default export is createApp({ … })', DEFAULT_APP)
    .action(async (app: string) => {
      process.exitCode = await watch(app);
    });
}

/** Node watches the modules that were loaded. Unfinished runs go on after each restart where they were. */
async function watch(app: string): Promise<number> {
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', process.argv[1]!, 'start', app], {
    stdio: 'inherit',
    env: currentEnvironment({ HOLDFAST_GRACE_SECONDS: '1' }),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 0));
  });
}
