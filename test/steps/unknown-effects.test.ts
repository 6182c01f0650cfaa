// Calls of which nobody knows whether they were made: a gateway answered, or a process died in them.

import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, tool, type ToolContext, waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { listen } from '../support/shop-server.ts';
import { until } from '../support/until.ts';

const post = { url: '', answers: [] as number[], keys: [] as string[], done: [] as string[], blind: 0 };

const server = createServer((request, response) => {
  post.keys.push(request.headers['idempotency-key'] as string);
  response.writeHead(post.answers.shift() ?? 200).end();
});

const Letter = z.object({ to: z.string() });
type Letter = z.output<typeof Letter>;
const letter = { description: 'Send', input: Letter } as const;

async function send({ fetch }: ToolContext): Promise<void> {
  const { ok, status } = await fetch(post.url, { method: 'POST' });
  if (!ok) throw new Error(`answered with ${status}`);
}

class Post {
  @workflow()
  static async call(tool: string): Promise<void> {
    await waitFor('go');
    await callTool(Post[tool as 'irreversible'], { to: 'Ann' });
  }

  @tool({ ...letter, effect: 'irreversible', acknowledged: 'a test' })
  static async irreversible(_args: Letter, context: ToolContext): Promise<void> {
    return send(context);
  }

  @tool({ ...letter, effect: 'irreversible', acknowledged: 'a test', reconcile: async () => 'found' })
  static async asking(_args: Letter, context: ToolContext): Promise<unknown> {
    return send(context);
  }

  @tool({ ...letter, effect: 'irreversible', acknowledged: 'a test' })
  static async byHand({ to }: Letter): Promise<void> {
    post.done.push(`letter to ${to}`);
  }

  /** `post.blind` looks fail. */
  @tool({
    ...letter,
    effect: 'irreversible',
    acknowledged: 'a test',
    reconcile: async () => {
      post.blind -= 1;
      if (post.blind >= 0) throw new Error('the archive is closed');
      return 'found';
    },
  })
  static async peering(_args: Letter, context: ToolContext): Promise<unknown> {
    return send(context);
  }

  @tool({
    ...letter,
    effect: 'compensable',
    retries: { attempts: 2, backoff: { initial: 1 } },
    compensate: async () => void post.done.push('undone'),
  })
  static async registered(_args: Letter, context: ToolContext): Promise<void> {
    return send(context);
  }

  @tool({
    ...letter,
    effect: 'compensable',
    compensate: async (result: unknown) => void post.done.push(`undone with ${String(result)}`),
  })
  static async broken(): Promise<void> {
    throw new Error('no ink');
  }
}

const served = serve({ services: [Post] });

beforeAll(async () => {
  post.url = await listen(server);
});
afterAll(() => server.close());
beforeEach(() => Object.assign(post, { answers: [], keys: [], done: [], blind: 0 }));

async function becomes(id: string, status: string): Promise<Record<string, any>> {
  return until(`${id} is ${status}`, async () => {
    const { body } = await served.call('GET', `/v1/runs/${id}`);
    return body.status === status ? body : undefined;
  });
}

/** Starts a run that calls the tool, once `prepare` was done. */
async function call(tool: string, prepare: (runId: string) => Promise<unknown> = async () => {}): Promise<string> {
  const { body } = await served.call<{ id: string }>('POST', '/v1/workflows/Post.call/runs', { body: tool });
  await prepare(body.id);
  await served.call('POST', `/v1/runs/${body.id}/messages/go`, { body: {} });
  return body.id;
}

/** As if an earlier execution had begun the call, and had died before it sent anything that left a receipt. */
const died =
  (tool: string, effect: string) =>
  (runId: string): Promise<unknown> =>
    served.database.query(
      `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key, execution_id)
       VALUES ($1, 2, $2, $3, '{"json":{"to":"Ann"}}', 'key of ' || $1, gen_random_uuid())`,
      [runId, `Post.${tool}`, effect],
    );

test.each([502, 504])('an irreversible call that a gateway answered with %i is held', async (status) => {
  post.answers = [status];
  const id = await call('irreversible');
  expect((await becomes(id, 'held')).held).toMatchObject({ reason: 'unknown_effect' });
  await served.call('POST', `/v1/runs/${id}/release`);
  await becomes(id, 'succeeded');
  expect(post.keys).toEqual([post.keys[0], post.keys[0]]);
});

test('what became of a call that a gateway answered is found out where the tool can', async () => {
  post.answers = [502];
  await becomes(await call('asking'), 'succeeded');
  expect(post.keys).toHaveLength(1);
});

const unknown = (runId: string): Promise<unknown[]> =>
  served.database.query('SELECT is_unknown FROM holdfast.effects WHERE run_id = $1', [runId]);

test('one look that fails is not the last, and what was found out is not unknown any more', async () => {
  Object.assign(post, { answers: [504], blind: 2 });
  const id = await call('peering');
  await becomes(id, 'succeeded');
  expect(post.keys).toHaveLength(1);
  expect(await unknown(id)).toEqual([{ is_unknown: false }]);
});

test('a compensable call without another attempt that may have been done fails its run, which is unwound', async () => {
  post.answers = [504, 502];
  const id = await call('registered');
  expect((await becomes(id, 'failed')).error).toMatchObject({
    code: 'effect_unknown',
    message: expect.stringContaining('answered with 502'),
    details: { key: post.keys[0] },
  });
  await becomes(`${id}-unwind`, 'succeeded');
  expect(post.keys).toEqual([post.keys[0], post.keys[0]]);
  expect(post.done).toEqual(['undone']);
  expect(await unknown(id)).toEqual([{ is_unknown: false }]);
});

test('an answer of the server itself is an answer', async () => {
  post.answers = [500];
  expect((await becomes(await call('irreversible'), 'failed')).error).toMatchObject({
    message: expect.stringContaining('500'),
  });
});

test('an irreversible call in which a process died is held, though no request of it is known', async () => {
  const id = await call('byHand', died('byHand', 'irreversible'));
  expect((await becomes(id, 'held')).held).toMatchObject({ reason: 'unknown_effect' });
  expect(post.done).toEqual([]);
  await served.call('POST', `/v1/runs/${id}/release`);
  await becomes(id, 'succeeded');
  expect(post.done).toEqual(['letter to Ann']);
});

test('a compensable call in which a process died is undone, though the next one did nothing', async () => {
  const id = await call('broken', died('broken', 'compensable'));
  expect((await becomes(`${id}-unwind`, 'succeeded')).result).toEqual({ undone: 1, nothingToUndo: 0 });
  expect(post.done).toEqual(['undone with undefined']);
  const other = await call('broken');
  expect((await becomes(`${other}-unwind`, 'succeeded')).result).toEqual({ undone: 0, nothingToUndo: 1 });
});
