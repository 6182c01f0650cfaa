import { expect, test } from 'vitest';
import { step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Values {
  @workflow()
  static async echo(value: unknown): Promise<unknown> {
    return Values.kept(value);
  }

  @step()
  static async kept(value: unknown): Promise<unknown> {
    return value;
  }

  @workflow()
  static async rich(): Promise<unknown> {
    const value = await Values.richStep();
    return { ...value, sum: value.map.get('a')! + value.set.size, year: value.date.getUTCFullYear() };
  }

  @step()
  static async richStep() {
    return {
      date: new Date('2026-01-02T03:04:05.678Z'),
      map: new Map([['a', 1]]),
      set: new Set([1, 2]),
      big: 12345678901234567890n,
      nothing: undefined as string | undefined,
    };
  }
}

const served = serve({ services: [Values] });

test.each([
  [
    'NUL and half characters',
    { 'a\u0000': 'x\u0000y\ud800z\udc00', b: '\\u0000 \\\\ud800' },
    { 'a\ufffd': 'x\ufffdy\ufffdz\ufffd', b: '\\u0000 \\\\ud800' },
  ],
  ['emoji and quotes', { a: '😀 "quoted" \\ back' }, { a: '😀 "quoted" \\ back' }],
  ['numbers at the edge', [1e308, -0, 0.1, Number.MAX_SAFE_INTEGER], [1e308, 0, 0.1, Number.MAX_SAFE_INTEGER]],
  ['empty things', [{}, [], '', null, false], [{}, [], '', null, false]],
])('%s can be recorded, and are readable in the views', async (_what, value, shown) => {
  const run = await served.run('Values.echo', value);
  expect(run).toMatchObject({ status: 'succeeded', input: shown, result: shown });
  const rows = await served.database.query(
    'SELECT jsonb_typeof(output) AS kind FROM holdfast.steps WHERE run_id = $1',
    [run.id],
  );
  expect(rows).toEqual([{ kind: Array.isArray(value) ? 'array' : 'object' }]);
});

test('dates, maps, sets and bigints keep their kind for the workflow, and are plain JSON in the views', async () => {
  expect(await served.run('Values.rich')).toMatchObject({
    status: 'succeeded',
    result: {
      date: '2026-01-02T03:04:05.678Z',
      map: [['a', 1]],
      set: [1, 2],
      big: '12345678901234567890',
      sum: 3,
      year: 2026,
    },
  });
});
