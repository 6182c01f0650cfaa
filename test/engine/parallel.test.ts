import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parallel, step, stepContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

/** A workflow's body as data: steps one after the other, and branches that run at the same time. */
type Program = (string | { limit: number; branches: Program[] })[];

class Tree {
  /** The number that each step had whose body ran, by the step's place in the program. */
  static numbers: Record<string, number> = {};
  static delay: () => number = () => 0;

  @workflow()
  static async run(program: Program): Promise<string[]> {
    return Tree.walk(program, '');
  }

  @workflow()
  static async overlapping(how: 'step' | 'parallel') {
    const branches = parallel([1, 2], (n) => Tree.leaf(`branch ${n}`));
    if (how === 'step') await Promise.all([branches, Tree.leaf('beside')]);
    if (how === 'parallel') await Promise.all([branches, parallel([3], (n) => Tree.leaf(`branch ${n}`))]);
    await branches;
    return Tree.leaf('after');
  }

  @workflow()
  static async failing() {
    const seen: string[] = [];
    const failure = await parallel([30, 20, 10], async (ms) => {
      await Tree.leaf(`slow ${ms}`);
      seen.push(await Tree.leaf(`${ms}`));
      if (ms !== 20) throw Object.assign(new Error(`${ms} failed`), { code: `failed_${ms}` });
    }).catch((error: { code: string }) => error.code);
    return { failure, seen: seen.toSorted(), after: await Tree.leaf('after') };
  }

  private static async walk(program: Program, path: string): Promise<string[]> {
    const seen: string[] = [];
    for (const [index, part] of program.entries()) {
      const at = `${path}/${index}`;
      if (typeof part === 'string') {
        seen.push(await Tree.leaf(at));
      } else {
        const inner = await parallel(part.branches, (branch, n) => Tree.walk(branch, `${at}.${n}`), {
          limit: part.limit,
        });
        seen.push(...inner.flat());
      }
    }
    return seen;
  }

  @step()
  static async leaf(path: string): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, Tree.delay()));
    Tree.numbers[path] = stepContext().stepId!;
    return path;
  }
}

const served = serve({ services: [Tree] });

const { program } = fc.letrec<{ program: Program; part: Program[number] }>((tie) => ({
  program: fc.array(tie('part'), { maxLength: 4 }),
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant('step'),
    fc.record({ limit: fc.integer({ min: 1, max: 4 }), branches: fc.array(tie('program'), { maxLength: 4 }) }),
  ),
}));

async function run(tree: Program): Promise<{ id: string; result: string[]; numbers: Record<string, number> }> {
  Tree.numbers = {};
  Tree.delay = () => Math.random() * 4;
  const run = await served.service.running.submissions.submit('Tree.run', [tree]);
  const result = (await run.result()) as string[];
  return { id: run.id, result, numbers: Tree.numbers };
}

/** Takes the run back to before its end, without the outcomes of `forgotten`, as if the process had been killed then. */
async function killBefore(id: string, forgotten: number[]): Promise<void> {
  await served.database.query('DELETE FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_id = ANY($2)', [
    id,
    forgotten,
  ]);
  await served.database.query('DELETE FROM dbos.workflow_output WHERE workflow_uuid = $1', [id]);
  await served.database.query(
    `UPDATE dbos.workflow_status SET status = 'ENQUEUED', completed_at = NULL, output = NULL WHERE workflow_uuid = $1`,
    [id],
  );
  await served.database.query(`SELECT pg_notify('holdfast_dispatch', 'default')`);
}

test('each step has one number, whichever branch is faster, and the same one again after a crash', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.func(fc.boolean()), async (tree, isForgotten) => {
      const first = await run(tree);
      const numbers = Object.values(first.numbers);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect((await run(tree)).numbers).toEqual(first.numbers);

      const forgotten = Object.entries(first.numbers).filter(([path]) => isForgotten(path));
      Tree.numbers = {};
      await killBefore(
        first.id,
        forgotten.map(([, number]) => number),
      );
      const { body } = await served.call('GET', `/v1/runs/${first.id}/result?wait=20`);
      expect(body).toMatchObject({ status: 'succeeded', result: first.result });
      expect(Tree.numbers).toEqual(Object.fromEntries(forgotten));
    }),
    { numRuns: 25 },
  );
});

test.each(['step', 'parallel'])(
  'a %s beside branches that are running is refused: its number would depend on their speed',
  async (how) => {
    Tree.delay = () => 5;
    expect(await served.run('Tree.overlapping', how)).toMatchObject({
      status: 'failed',
      error: { code: 'parallel_overlap' },
    });
  },
);

test('branches go on when one fails; then the first failure in the order of the items is thrown', async () => {
  Tree.delay = () => 1;
  expect(await served.run('Tree.failing')).toMatchObject({
    status: 'succeeded',
    result: { failure: 'failed_30', seen: ['10', '20', '30'], after: 'after' },
  });
});
