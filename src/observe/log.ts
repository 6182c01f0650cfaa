// The log of the process: lines for people on a terminal, JSON elsewhere, and never a secret.

import { type Logger, pino } from 'pino';
import { pinoPretty } from './pretty.ts';

export type { Logger };

/** What must not reach a log, wherever it stands in a record. */
const SECRETS = ['authorization', 'password', 'apiKey', 'key', 'token', 'secret', 'cookie'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** Returns the log, writing to standard error so that a command's output stays clean. */
export function createLog(options: { level: string; format: 'pretty' | 'json' }): Logger {
  const settings = {
    level: options.level,
    base: undefined,
    redact: { paths: SECRETS, censor: '…' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, options.format === 'pretty' ? pinoPretty() : pino.destination({ fd: 2, sync: true }));
}
