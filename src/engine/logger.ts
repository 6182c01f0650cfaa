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
const ROUTINE = /^(Stream offset conflict|Database connection failed)/;

/** Returns `log` in the form that the SDK's configuration takes. */
export function sdkLogger(log: EngineLog): NonNullable<DBOSConfig['logger']> {
  return {
    debug: (entry: unknown) => log.debug(text(entry)),
    info: (entry: unknown) => log.debug(text(entry)),
    warn: (entry: unknown) => (ROUTINE.test(text(entry)) ? log.debug(text(entry)) : log.info(text(entry))),
    // An error that is given as such is thrown as well, or is that of a run, of which `failureLine` says more.
    error: (entry: unknown, about?: unknown) =>
      (about as { error?: unknown } | undefined)?.error instanceof Error
        ? log.debug(text(entry))
        : log.warn(text(entry)),
  };
}

function text(entry: unknown): string {
  return entry instanceof Error ? `${entry.name}: ${entry.message}` : String(entry);
}

/** Returns what the log says of a run that failed. `recorded` is the text of its error in the database. */
export function failureLine(runId: string, workflow: string, recorded: string | null | undefined): string {
  const { code, message } = recordedError(recorded ?? 'no error is recorded');
  return `Run ${runId} of ${workflow} failed with ${code}: ${message.replaceAll(/\s+/g, ' ')}`;
}

/** The same code and message that the view of runs shows. */
function recordedError(recorded: string): { code: string; message: string } {
  const parsed = parse(recorded) as { json?: unknown } | null;
  const error = (parsed?.json ?? parsed) as { code?: unknown; message?: unknown } | string | null;
  const { code, message } = typeof error === 'object' && error !== null ? error : { message: error };
  return {
    code: typeof code === 'string' ? code : 'workflow_failed',
    message: typeof message === 'string' ? message : recorded,
  };
}

/** A text in a form of which we know nothing is shown as it is: the log must not be in the way of the run's end. */
function parse(recorded: string): unknown {
  try {
    return JSON.parse(recorded);
  } catch {
    return recorded;
  }
}
