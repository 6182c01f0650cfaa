// Workflows with branches and children: several steps at the same time, runs that start runs, and their failures.

import { parallel, progress, sleep, start, step, waitFor, workflow } from '../../../src/index.ts';
import { bodyRan } from './bodies.ts';
import { Waits } from './waits.ts';

/** A body as data: steps one after the other, and branches that run at the same time. */
export type Program = (string | Program[])[];

interface Coded extends Error {
  code?: string;
}

export class Branches {
  @workflow()
  static async walks({ program, limit }: { program: Program; limit?: number }): Promise<unknown[]> {
    return Branches.walk(program, limit === undefined ? {} : { limit });
  }

  @workflow()
  static async failing(caught: boolean): Promise<string> {
    const branches = parallel([3, 2, 1], async (n) => {
      await Branches.leaf(`before ${n}`);
      if (n !== 1) throw Object.assign(new Error(`branch ${n} failed`), { code: `branch_${n}` });
      return Branches.leaf(`after ${n}`);
    });
    if (!caught) return String(await branches);
    const failure = await branches.catch((error: Coded) => error.code);
    return `${String(failure)} ${await Branches.leaf('after all')}`;
  }

  /** A durable call beside branches that run is refused. */
  @workflow()
  static async overlapping(): Promise<string> {
    const branches = parallel([1], (n) => Branches.leaf(`branch ${n}`));
    const refused = await Branches.leaf('beside').catch((error: Coded) => error.code!);
    await branches;
    return refused;
  }

  /** Branches that use every verb, and children. */
  @workflow()
  static async mixed(): Promise<unknown[]> {
    return parallel([1, 2, 3], async (n) => {
      // Which branch publishes first would be chance.
      if (n === 2) await progress(`branch ${n}`);
      await sleep(n * 10);
      const none = await waitFor(`none ${n}`, { timeout: 10 });
      const child = await start(Branches.child, n);
      return [none ?? null, await child.result(), await Branches.leaf(`end ${n}`)];
    });
  }

  @workflow()
  static async child(n: number): Promise<number> {
    await Branches.leaf(`child ${n}`);
    if (n < 0) throw Object.assign(new Error('a negative child'), { code: 'negative', details: { n } });
    return n * n;
  }

  @workflow({ lane: 'children' })
  static async laneChild(n: number): Promise<number> {
    return Number(await Branches.leaf(`${n}`));
  }

  /** Calls children like methods. */
  @workflow()
  static async calling(numbers: number[]): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const n of numbers) {
      results.push(await Branches.child(n).catch(({ code, message }: Coded) => ({ code, message })));
    }
    return [...results, await Branches.leaf('end')];
  }

  /** Starts children, does something else, and then waits for them, the last one first, and for one of them twice. */
  @workflow()
  static async starting(numbers: number[]): Promise<unknown[]> {
    const children = [];
    for (const n of numbers) children.push(await start(Branches.child, n));
    await Branches.leaf('meanwhile');
    const results: unknown[] = [];
    for (const child of children.toReversed()) {
      results.push(await child.result().catch(({ code }: Coded) => code));
    }
    return [...results, await children[0]!.result().catch(({ code }: Coded) => code)];
  }

  /** Starts children with everything that a start can say. */
  @workflow()
  static async optioned(): Promise<unknown[]> {
    const children = [
      await start(Branches.laneChild, 1),
      await start(Branches.laneChild, 2, { priority: 5 }),
      await start(Branches.child, 3, { lane: 'children' }),
      await start(Branches.child, 4, { lane: 'children', delayMs: 50 }),
      await start(Branches.child, 5, { timeoutMs: 3_600_000 }),
    ];
    return Promise.all(children.map((child) => child.result()));
  }

  /** Does not wait for its child. */
  @workflow()
  static async leaving(): Promise<string> {
    const child = await start(Branches.child, 7);
    return child.id;
  }

  @workflow()
  static async generations(depth: number): Promise<number> {
    await Branches.leaf(`depth ${depth}`);
    if (depth === 0) return 0;
    return 1 + (await Branches.generations(depth - 1));
  }

  @workflow()
  static async withSleeper(ms: number): Promise<unknown> {
    const child = await start(Waits.naps, [ms]);
    await Branches.leaf('started');
    return child.result();
  }

  /** Waits for a child without a thought of failure. */
  @workflow()
  static async trusting(): Promise<unknown> {
    const child = await start(Waits.listens, { topics: ['go'] });
    await Branches.leaf('started');
    return [await child.result(), await Branches.leaf('end')];
  }

  @workflow()
  static async withListener(): Promise<unknown> {
    const listener = await start(Waits.listens, { topics: ['go'] });
    const child = await start(Branches.child, 9);
    await Branches.leaf('started');
    return [await child.result(), await listener.result(), await Branches.leaf('end')];
  }

  @step()
  static async leaf(name: string): Promise<string> {
    bodyRan(`leaf ${name}`);
    await new Promise((resolve) => setTimeout(resolve, name.length % 4));
    return name;
  }

  private static async walk(program: Program, options: { limit?: number }): Promise<unknown[]> {
    const seen: unknown[] = [];
    for (const part of program) {
      seen.push(
        typeof part === 'string'
          ? await Branches.leaf(part)
          : await parallel(part, (branch) => Branches.walk(branch, options), options),
      );
    }
    return seen;
  }
}
