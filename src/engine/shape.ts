// The check at start that the SDK is the one that this engine was written against.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import system from '@dbos-inc/dbos-sdk/internal/system_database';
import queue from '@dbos-inc/dbos-sdk/internal/wfqueue';
import { Unavailable } from '../core/errors.ts';
import { FAST } from './history/fast-database.ts';
import { PARKING } from './parking/parking-database.ts';
import { OVERRIDDEN } from './system-database.ts';

/**
 * @throws Unavailable `engine_mismatch`, naming the installed version, when a method that the engine overrides or calls is not
 * there any more or takes other parameters. Running on would risk histories that nobody can replay.
 */
export function assertSdkShape(): void {
  const prototype = system.SystemDatabase.prototype as unknown as Record<string, { length: number } | undefined>;
  const wrong = Object.entries({ ...OVERRIDDEN, ...FAST, ...PARKING }).filter(
    ([name, arity]) => prototype[name]?.length !== arity,
  );
  const runner = queue.wfQueueRunner as unknown as Record<string, unknown>;
  const missing = ['pollQueue', 'refreshDbQueues'].filter((name) => typeof runner[name] !== 'function');
  const problems = [
    ...wrong.map(([name]) => `SystemDatabase.${name}`),
    ...missing.map((name) => `WFQueueRunner.${name}`),
  ];
  if (problems.length === 0) return;
  throw new Unavailable(
    'engine_mismatch',
    `@dbos-inc/dbos-sdk ${installedVersion()} is installed, but this engine was written for 5.3.0: ${problems.join(', ')} changed. ` +
      'Install the version that package.json pins.',
  );
}

function installedVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk');
  const manifest: unknown = JSON.parse(readFileSync(entry.replace(/dist\/src\/index\.js$/, 'package.json'), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}
