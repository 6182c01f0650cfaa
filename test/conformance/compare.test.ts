// What is compared, and how a difference is said.

import { expect, test } from 'vitest';
import { differences } from './compare.ts';
import { normaliseTable, type Surroundings } from './normalise.ts';
import type { RawRow } from './tables.ts';

const BEGUN = Date.UTC(2030, 0, 1);
const ID = '0196c3a0-1111-7000-8000-000000000001';

const surroundings: Surroundings = {
  names: new Map([[ID, 'story / run']]),
  begun: BEGUN,
  ended: BEGUN + 5000,
};

const SLEEP: RawRow = {
  workflow_uuid: `${ID}-2`,
  function_id: 3,
  function_name: 'DBOS.sleep',
  output: String(BEGUN + 21_000),
  error: null,
  started_at_epoch_ms: String(BEGUN + 1000),
  completed_at_epoch_ms: String(BEGUN + 21_000),
  executor_id: 'e1',
};

function recorded(...rows: RawRow[]) {
  const table = { name: 'steps', key: ['workflow_uuid', 'function_id'], rows };
  return { steps: normaliseTable(table, surroundings) };
}

test('another moment, executor or order makes no difference', () => {
  const later = { ...SLEEP, executor_id: 'e2' };
  for (const column of ['output', 'started_at_epoch_ms', 'completed_at_epoch_ms']) {
    Object.assign(later, { [column]: String(Number(SLEEP[column]) + 500) });
  }
  const other = { ...SLEEP, function_id: 4 };
  expect(differences(recorded(SLEEP, other), recorded({ ...later, function_id: 4 }, later))).toEqual([]);
});

test.each([
  ['a row that is missing', [], /^steps \[story \/ run-2 3\] is missing: /],
  ['a row too many', [SLEEP, { ...SLEEP, function_id: 4 }], /^steps \[story \/ run-2 4\] should not be there: /],
  ['a value', [{ ...SLEEP, function_name: 'DBOS.recv' }], / function_name: expected 'DBOS.sleep', found 'DBOS.recv'$/],
  ['a value instead of none', [{ ...SLEEP, error: '' }], / error: expected NULL, found ''$/],
  ['no executor', [{ ...SLEEP, executor_id: null }], / executor_id: expected '<set>', found NULL$/],
  ['no time', [{ ...SLEEP, completed_at_epoch_ms: null }], / completed_at_epoch_ms: expected '<time.*>', found NULL$/],
  [
    'another deadline',
    [{ ...SLEEP, output: String(BEGUN + 61_000) }],
    / completed at the deadline: expected 'true', found 'false'$/,
  ],
  [
    'an end before the beginning',
    [{ ...SLEEP, completed_at_epoch_ms: String(BEGUN) }],
    / started_at_epoch_ms <= completed_at_epoch_ms: expected 'true', found 'false'$/,
  ],
])('%s is a difference, with its table, row and column', (_what, rows, line) => {
  expect(differences(recorded(SLEEP), recorded(...rows))).toContainEqual(expect.stringMatching(line));
});

test('rows whose key means nothing are compared as a heap', () => {
  const heap = (...messages: string[]) => {
    const rows = messages.map((message, n) => ({ message_uuid: `${n}`, destination_uuid: ID, topic: 'a', message }));
    return { notifications: normaliseTable({ name: 'dbos.notifications', key: ['message_uuid'], rows }, surroundings) };
  };
  expect(differences(heap('1', '2', '2'), heap('2', '1', '2'))).toEqual([]);
  expect(differences(heap('1', '2'), heap('1', '3'))).toEqual([
    "notifications [story / run a #2] message: expected '2', found '3'",
  ]);
});

test('a long value is shown where it begins to differ', () => {
  const long = 'x'.repeat(100_000);
  const [line] = differences(recorded({ ...SLEEP, output: `${long}a` }), recorded({ ...SLEEP, output: `${long}b` }));
  expect(line).toMatch(/ output: expected '…x{40}a', found '…x{40}b'$/);
});
