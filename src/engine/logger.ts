// Gives the SDK's log lines to our log, one level quieter: what it reports as information is of interest only when debugging.

import type { DBOSConfig } from '@dbos-inc/dbos-sdk';

/** The four functions of a log that the engine writes to. */
export interface EngineLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Warnings of the SDK about what it then does by itself, as it should. */
const ROUTINE = /^Stream offset conflict/;

/** Returns `log` in the form that the SDK's configuration takes. */
export function sdkLogger(log: EngineLog): NonNullable<DBOSConfig['logger']> {
  return {
    debug: (entry: unknown) => log.debug(text(entry)),
    info: (entry: unknown) => log.debug(text(entry)),
    warn: (entry: unknown) => (ROUTINE.test(text(entry)) ? log.debug(text(entry)) : log.info(text(entry))),
    error: (entry: unknown) => log.warn(text(entry)),
  };
}

function text(entry: unknown): string {
  return entry instanceof Error ? `${entry.name}: ${entry.message}` : String(entry);
}
