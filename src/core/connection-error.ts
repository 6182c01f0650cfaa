// Tells a lost connection, after which nobody knows what the database did, from an answer of the database.

/** Node's codes for a connection that was not made, or that broke. */
const NETWORK_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOTCONN',
  'ESHUTDOWN',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETRESET',
  'ENETDOWN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * SQLSTATEs with which the server ends or refuses the session: the whole class 08, operator intervention (57P01 to 57P05), too many
 * connections, a transaction that was ended because it idled or took too long, and a server that has become read-only because another
 * one took over. 40003 says itself that nobody knows whether the statement was completed.
 */
const SESSION_LOST = /^(08[0-9A-Z]{3}|57P0[1-5]|53300|25P0[34]|25006|40003)$/;

/**
 * What pg, its pool and Knex say of a connection that is gone or could not be had; these errors carry no SQLSTATE. Knex writes the
 * statement before what pg says of it (`COMMIT; - Client has …`).
 */
const MESSAGES = new RegExp(
  `(?:^| - )(?:${[
    'connection terminated',
    'connection ended unexpectedly',
    'server closed the connection',
    'timeout expired',
    'query read timeout',
    'timeout exceeded when trying to connect',
    'client was closed',
    'client has encountered a connection error',
    'the client has been closed',
    'cannot use a pool after calling end',
    '(?:knex: )?timeout acquiring a connection',
    'unable to acquire a connection',
  ].join('|')})|^aborted$`,
  'i',
);

/** A cause of a cause of a cause is looked at; a chain that is longer, or goes in a circle, is not followed. */
const DEEPEST = 8;

/** What the functions below look at in an error of whatever class. */
interface ErrorShape {
  name?: unknown;
  code?: unknown;
  syscall?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
}

/**
 * Returns whether `error` says that the connection to the database failed, so that the outcome of what was asked is unknown. Causes
 * and the members of an AggregateError count. An error that was read back from a checkpoint is an outcome, whatever its code.
 */
export function isConnectionError(error: unknown): boolean {
  return anyOf(error, DEEPEST, ({ code, syscall, message }) => {
    if (typeof code === 'string') {
      if (NETWORK_CODES.has(code) || SESSION_LOST.test(code)) return true;
      // The socket file of a server that is being started again.
      if (code === 'ENOENT' && syscall === 'connect') return true;
      // The message of an answer may quote a statement, and that may hold any words.
      if (SQLSTATE.test(code)) return false;
    }
    return typeof message === 'string' && MESSAGES.test(message);
  });
}

/** Returns whether `error` says that the transaction lost against another one (40001, 40P01) and has to be run again. */
export function isSerializationFailure(error: unknown): boolean {
  return anyOf(error, DEEPEST, ({ code }) => code === '40001' || code === '40P01');
}

function anyOf(error: unknown, depth: number, matches: (error: ErrorShape) => boolean): boolean {
  if (typeof error !== 'object' || error === null || depth === 0) return false;
  const shape: ErrorShape = error;
  if (shape.name === 'RecordedError') return false;
  if (matches(shape)) return true;
  const members: unknown[] = Array.isArray(shape.errors) ? shape.errors : [];
  return [shape.cause, ...members].some((inner) => anyOf(inner, depth - 1, matches));
}
