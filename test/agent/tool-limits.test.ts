import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { agent, callTool, opening, parallel, tool, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { resultsBefore } from './support/desk.ts';
import { models, prepare } from './support/models.ts';

const Size = z.object({ characters: z.int() });
const Part = z.object({ part: z.string() });

/** How many calls of a tool are being made, and the most that were. */
const crowd = { now: 0, most: 0, stuck: undefined as Promise<void> | undefined };

class Tools {
  @tool({ effect: 'read', description: 'Read', input: Size })
  static async read({ characters }: z.output<typeof Size>): Promise<string> {
    return 'x'.repeat(characters - 2);
  }

  @tool({ effect: 'transactional', description: 'Write', input: Size })
  static async write({ characters }: z.output<typeof Size>): Promise<string> {
    return 'x'.repeat(characters - 2);
  }

  @workflow({ description: 'Report', input: Size })
  static async report({ characters }: z.output<typeof Size>): Promise<string> {
    return 'x'.repeat(characters - 2);
  }

  @tool({ effect: 'read', description: 'Print', input: Part, concurrency: 2, timeout: '1s' })
  static async print({ part }: z.output<typeof Part>): Promise<string> {
    crowd.most = Math.max(crowd.most, (crowd.now += 1));
    try {
      await (crowd.stuck ?? delay(400));
      return part;
    } finally {
      crowd.now -= 1;
    }
  }

  @tool({ effect: 'read', description: 'Wait', input: z.object({}), timeout: '50ms' })
  static wait(): Promise<void> {
    return new Promise(() => {});
  }
}

class Office {
  @agent({
    model: 'clerk',
    instructions: 'Work.',
    tools: [Tools.read, Tools.write, Tools.report, Tools.print, Tools.wait],
  })
  static async work(task: string): Promise<string> {
    return opening(task);
  }

  @workflow()
  static async printAll(parts: string[]): Promise<string[]> {
    return parallel(parts, (part) => callTool(Tools.print, { part }));
  }
}

const served = serve({ services: [Tools, Office] }, { models, config: { graceMs: 50 } });
const call = (name: string, args: object) => ({ name, args });

beforeEach(() => void Object.assign(crowd, { now: 0, most: 0, stuck: undefined }));

test('a result that is too large is not taken, and the model is told', async () => {
  const names = ['read', 'write', 'report'];
  const sizes = [1_000_000, 1_000_001];
  const { clerk } = prepare({
    clerk: [
      ...sizes.map((characters) => ({ toolCalls: names.map((name) => call(name, { characters })) })),
      { text: 'Done.' },
    ],
  });
  const run = await served.run('Office.work', 'Read.');
  expect(run).toMatchObject({ status: 'succeeded' });
  expect(resultsBefore(clerk!, 1).map(({ output }) => output.value.length)).toEqual([999_998, 999_998, 999_998]);
  const refused = resultsBefore(clerk!, 2).map(({ output }) => output.value);
  expect(refused.map(({ code }) => code)).toEqual(Array(3).fill('tool_result_too_large'));
  expect(refused.map(({ message }) => /What it did is ([^.]*)/.exec(message)![1])).toEqual([
    'done all the same',
    'undone',
    'done all the same',
  ]);
  const [{ steps }] = (await served.database.query(
    `SELECT count(*)::int AS steps FROM holdfast.steps WHERE run_id = $1 AND length(output::text) > 900000`,
    [run.id],
  )) as [{ steps: number }];
  // Of the child that returned too much, the result is its own.
  expect(steps).toBe(4);
});

test('so many calls of a tool are made at a time, and waiting for that costs no time of theirs', async () => {
  const parts = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  expect(await served.run('Office.printAll', parts)).toMatchObject({ status: 'succeeded', result: parts });
  expect(crowd.most).toBe(2);
});

test('who waits for a place when the service stops goes on afterwards', async () => {
  crowd.stuck = new Promise(() => {});
  const { body } = await served.call('POST', '/v1/workflows/Office.printAll/runs', { body: ['a', 'b', 'c'] });
  await until('a crowd', async () => crowd.now === 2);
  crowd.stuck = undefined;
  await served.restart();
  const { body: ended } = await served.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: ['a', 'b', 'c'] });
});

test('a tool that never returns fails when its time is up, and the model is told', async () => {
  const { clerk } = prepare({ clerk: [{ toolCalls: [call('wait', {})] }, { text: 'Enough.' }] });
  expect(await served.run('Office.work', 'Wait.')).toMatchObject({ result: 'Enough.' });
  expect(resultsBefore(clerk!, 1)[0]!.output.value).toMatchObject({ code: 'step_timeout' });
});

test('ten megabytes of arguments are neither taken nor recorded', async () => {
  const { clerk } = prepare({
    clerk: [{ toolCalls: [call('print', { part: 'x'.repeat(10_000_000) })] }, { text: 'Well.' }],
  });
  const run = await served.run('Office.work', 'Print.');
  expect(run).toMatchObject({ status: 'succeeded' });
  expect(resultsBefore(clerk!, 1)[0]!.output.value).toMatchObject({
    code: 'invalid_arguments',
    message: expect.stringContaining('at most 1000000 are taken'),
  });
  const { body } = await served.call('GET', `/v1/runs/${String(run.id)}/transcript`);
  expect(JSON.stringify(body).length).toBeLessThan(5000);
});
