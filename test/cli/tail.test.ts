import { expect, test } from 'vitest';
import { Tail } from '../../src/cli/tail.ts';

function shown(events: [event: string, data: Record<string, unknown>][]): string {
  const tail = new Tail();
  return events.map(([event, data]) => tail.text({ id: '', event, data })).join('');
}

test('what a model says stands in one line until something else happens', () => {
  const says = (part: number, type: string, delta: string): [string, Record<string, unknown>] => [
    'token',
    { stepId: 3, part, type, delta },
  ];
  const step = { stepId: 3, name: 'model', status: 'succeeded', durationMs: 20, error: null };
  expect(
    shown([
      ['status', { status: 'running' }],
      says(0, 'reasoning', 'Hm'),
      says(1, 'text', 'It ra'),
      ['reset-step', { stepId: 3 }],
      says(0, 'text', 'It '),
      says(0, 'text', 'rains\n'),
      ['step', step],
    ]),
  ).toBe(
    [
      'status    running',
      'thinks       3  Hm',
      'says         3  It ra',
      'reset-step    3  begins again: what it said does not count',
      'says         3  It rains\n',
      'step         3  model  succeeded  20 ms\n',
    ].join('\n'),
  );
});

test('a terminal does not do what an error says', () => {
  const error = { code: 'x', message: 'The file \u001b[2J is gone.' };
  const step = { stepId: 0, name: 'read', status: 'failed', durationMs: 1, error };
  expect(shown([['step', step]])).toContain('The file [2J is gone.');
});

test('a terminal does not do what a model writes', () => {
  const delta = 'a\u001b[2Jb\u0007\r\tc\n\u009b31m';
  expect(shown([['token', { stepId: 0, part: 0, type: 'text', delta }]])).toBe('says         0  a[2Jb\tc\n31m');
});
