// What an error keeps when it crosses a checkpoint: a code, a message, details. The class does not survive; the code does.

import { HoldfastError, RetryableError } from './errors.ts';

/** The plain form in which an error is recorded. */
export interface ErrorRecord {
  code: string;
  message: string;
  details?: unknown;
  retryable: boolean;
}

/**
 * An error as it comes back from a checkpoint. It is thrown both when a step fails and when its failure is replayed, so that
 * workflow code sees the same in both cases: branch on `code`, never on `instanceof`.
 */
export class RecordedError extends HoldfastError {
  readonly retryable: boolean;

  constructor(record: ErrorRecord, options?: ErrorOptions) {
    super(record.code, record.message, record.details, options);
    this.retryable = record.retryable;
  }
}

/** So many characters are recorded of what may quote a whole page. Models are told all that is recorded. */
const LONGEST_MESSAGE = 20_000;

/** Returns what is recorded of `error`: its own code where it has one, else `step_failed`. */
export function errorRecord(error: unknown): ErrorRecord {
  const { code, message, details, retryable } = (error ?? {}) as Partial<ErrorRecord>;
  const record: ErrorRecord = {
    code: typeof code === 'string' && code !== '' ? code : 'step_failed',
    message: shortened(typeof message === 'string' && message !== '' ? message : String(error)),
    retryable: error instanceof RetryableError || retryable === true,
  };
  return details === undefined ? record : { ...record, details };
}

/** What is shortened already stays as it is. */
function shortened(message: string): string {
  if (message.length <= LONGEST_MESSAGE + 1) return message;
  // Half a character would be no text.
  return `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…`;
}

/** Tells whether `error` is an error that `RecordedError` wrote to a checkpoint, as it is after it was read back. */
export function isRecorded(error: unknown): boolean {
  return error instanceof Error && error.name === 'RecordedError';
}
