// Which errors leave the outcome unknown.

import { describe, expect, it } from 'vitest';
import { isConnectionError, isSerializationFailure } from '../../src/core/connection-error.ts';
import { RecordedError } from '../../src/core/recorded-error.ts';

const coded = (code: string) => Object.assign(new Error(`failed with ${code}`), { code });

describe('isConnectionError', () => {
  it.each([
    'ECONNRESET',
    'ECONNREFUSED',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EAI_AGAIN',
    'EADDRNOTAVAIL',
    'ERR_STREAM_DESTROYED',
  ])('knows the network code %s', (code) => {
    expect(isConnectionError(coded(code))).toBe(true);
  });

  it.each([
    '08000',
    '08006',
    '08P01',
    '57P01',
    '57P02',
    '57P03',
    '57P04',
    '57P05',
    '53300',
    '25P03',
    '25P04',
    '25006',
    '40003',
  ])('knows the SQLSTATE %s', (code) => {
    expect(isConnectionError(coded(code))).toBe(true);
  });

  it.each(['23505', '40001', '25P02', '42P01', '57014', '0800', 'E08006', 'EACCES'])(
    'takes %s for an answer',
    (code) => {
      expect(isConnectionError(coded(code))).toBe(false);
    },
  );

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client was closed and is not queryable',
    'Client has encountered a connection error and is not queryable',
    'timeout exceeded when trying to connect',
    'Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?',
    'timeout expired',
    'Cannot use a pool after calling end on the pool',
    'Unable to acquire a connection',
    'aborted',
  ])('knows the message "%s"', (message) => {
    expect(isConnectionError(new Error(message))).toBe(true);
  });

  it('does not take a message that merely speaks of connections for one', () => {
    expect(isConnectionError(new Error('the invoice says: Connection terminated'))).toBe(false);
  });

  it('does not search the statement that an answer quotes', () => {
    const answer = Object.assign(
      new Error(`insert into notes values ('lost - Connection terminated') - duplicate key`),
      {
        code: '23505',
      },
    );
    expect(isConnectionError(answer)).toBe(false);
  });

  it('knows the missing socket file of a server, but no other missing file', () => {
    expect(isConnectionError(Object.assign(coded('ENOENT'), { syscall: 'connect' }))).toBe(true);
    expect(isConnectionError(Object.assign(coded('ENOENT'), { syscall: 'open' }))).toBe(false);
  });

  it('looks at causes and at the members of an aggregate', () => {
    expect(isConnectionError(new Error('query failed', { cause: coded('ECONNRESET') }))).toBe(true);
    expect(isConnectionError(new AggregateError([coded('23505'), coded('ECONNREFUSED')], 'all failed'))).toBe(true);
    expect(isConnectionError(new AggregateError([coded('23505')], 'all failed'))).toBe(false);
  });

  it('ends on a chain of causes that goes in a circle', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(isConnectionError(circle)).toBe(false);
  });

  it('takes an error from a checkpoint for the outcome that it is', () => {
    const recorded = new RecordedError(
      { code: 'ECONNRESET', message: 'Connection terminated', retryable: false },
      { cause: coded('08006') },
    );
    expect(isConnectionError(recorded)).toBe(false);
    expect(isConnectionError(new Error('step failed', { cause: recorded }))).toBe(false);
  });

  it.each([undefined, null, 'ECONNRESET', 7, {}])('is false for %s', (value) => {
    expect(isConnectionError(value)).toBe(false);
  });
});

describe('isSerializationFailure', () => {
  it('knows lost races and deadlocks, also as a cause', () => {
    expect(isSerializationFailure(coded('40001'))).toBe(true);
    expect(isSerializationFailure(new Error('outer', { cause: coded('40P01') }))).toBe(true);
    expect(isSerializationFailure(coded('23505'))).toBe(false);
  });
});
