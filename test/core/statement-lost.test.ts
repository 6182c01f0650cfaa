import { expect, test } from 'vitest';
import { isConnectionError } from '../../src/core/connection-error.ts';

test.each([
  'COMMIT; - Client has encountered a connection error and is not queryable',
  'ROLLBACK - Client has encountered a connection error and is not queryable',
  'select 1 - Connection terminated unexpectedly',
])('the loss of a connection is recognised behind the statement that Knex quotes: %s', (message) => {
  expect(isConnectionError(new Error(message))).toBe(true);
});

test('a statement that merely contains such words is no lost connection', () => {
  expect(isConnectionError(new Error(`insert into notes values ('connection terminated') - duplicate key`))).toBe(
    false,
  );
});
