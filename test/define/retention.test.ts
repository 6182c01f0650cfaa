import { expect, test } from 'vitest';
import { createApp, type Retention, workflow } from '../../src/index.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

function appWith(retention: Retention | undefined, usual?: Retention) {
  class Work {
    @workflow({ retention })
    static async run(): Promise<void> {}
  }
  return createApp({ services: [Work], retention: usual });
}

test.each<[Retention | undefined, Retention | undefined, number | null, number | null]>([
  [undefined, undefined, 30 * DAY_MS, 30 * DAY_MS],
  ['7d', undefined, 30 * DAY_MS, 7 * DAY_MS],
  [undefined, '90d', 90 * DAY_MS, 90 * DAY_MS],
  ['forever', '1m', 60_000, null],
  [60_000.4, 'forever', null, 60_000],
])('a workflow with %s in an app with %s', (own, usual, others, kept) => {
  expect(appWith(own, usual).retention).toEqual([
    { workflow: '', keepMs: others },
    { workflow: 'Work.run', keepMs: kept },
  ]);
});

test.each<[Retention]>([['59s'], [0], [-1], ['a month'], ['Forever'], [Infinity], [NaN], ['']])(
  'a retention of %s is refused, and whose it is is said',
  (retention) => {
    expect(() => appWith(retention)).toThrow(
      expect.objectContaining({ code: 'invalid_retention', message: expect.stringContaining('Work.run') }),
    );
    expect(() => appWith(undefined, retention)).toThrow(
      expect.objectContaining({ code: 'invalid_retention', message: expect.stringContaining('createApp()') }),
    );
  },
);
