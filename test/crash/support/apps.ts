// The apps whose processes are killed, compiled from test/crash/apps.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles the test apps. */
export function buildApps(): void {
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  execFileSync(process.execPath, [compiler, '-p', `${root}test/crash/apps/tsconfig.json`], { stdio: 'inherit' });
}

/** Returns where the compiled app `name` is. */
export function appPath(name: string): string {
  return `${root}dist/test-apps/${name}.js`;
}
