// Errors whose class says what the runtime does with them, and whose code says what happened (docs/errors.md has a heading for each code).

/** The base of every error that Holdfast throws on purpose: a stable `code`, a message for a tired person, and optional details as plain JSON. */
export class HoldfastError extends Error {
  readonly code: string;
  readonly details: unknown;

  constructor(code: string, message: string, details?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

/** The caller's fault: never retried; over HTTP a 4xx answer. */
export class InvalidInput extends HoldfastError {}

/** A step's failure that no further attempt can mend: the retry loop gives up at once and the failure is recorded. */
export class TerminalError extends HoldfastError {}

/** A step's failure that another attempt may mend, perhaps not before `retryAfterMs` milliseconds have passed. */
export class RetryableError extends HoldfastError {
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { retryAfterMs?: number; details?: unknown; cause?: unknown } = {},
  ) {
    super(code, message, options.details, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The surroundings' fault (configuration, database, port): the process says so and ends, or the request is answered with 503. */
export class Unavailable extends HoldfastError {}

/** Something that was asked for does not exist, or is not the caller's to see; over HTTP 404. */
export class NotFound extends HoldfastError {}

/** The request contradicts what is already there; over HTTP 409 or 422. */
export class Conflict extends HoldfastError {}

/** The caller is known, and may not do this; over HTTP 403. */
export class Forbidden extends HoldfastError {}

/** What was asked for was there, and its time is over for good; over HTTP 410. */
export class Gone extends HoldfastError {}
