// Runs the built command line as a person does, in a process of its own.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The built command line. */
export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** Runs `holdfast <args>` with `environment` beside the usual one, and returns what it said. */
export function holdfast(args: string[], environment: Record<string, string> = {}): Promise<CliResult> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, LOG_FORMAT: 'json', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
