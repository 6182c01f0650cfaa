// What a tool is called with: exactly what people have approved, as the tool would have got it without them.

import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, tool, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { type Asked, asked, audit, ended } from './support/shop.ts';

const Parcel = z.object({
  holds: z.any(),
  grams: z.number().default(100),
  code: z
    .string()
    .default('A')
    .refine((code) => {
      // oxlint-disable-next-line only-throw-error -- That is what it is about.
      if (code === 'throws') throw null;
      return true;
    }),
});

class Post {
  static sent: unknown[] = [];

  @tool({ effect: 'read', description: 'Send', input: Parcel, approval: 'required' })
  static async send(parcel: z.output<typeof Parcel>): Promise<void> {
    Post.sent.push(parcel);
  }

  @workflow()
  static async sendMap(): Promise<void> {
    await callTool(Post.send, { holds: new Map([['at', new Date(0)]]), grams: 100, code: 'A' });
  }

  @workflow()
  static async sendText(): Promise<void> {
    // What its schema fills in is left to it.
    await callTool(Post.send, { holds: 'a letter' } as z.output<typeof Parcel>);
  }

  @workflow()
  static async sendDate(): Promise<void> {
    await callTool(Post.send, { holds: new Date(0) } as z.output<typeof Parcel>);
  }
}

const served = serve({ services: [Post] });
beforeEach(() => void (Post.sent = []));

async function question(workflow: string): Promise<{ run: string; approval: Asked }> {
  const { body } = await served.call('POST', `/v1/workflows/Post.${workflow}/runs`);
  const run = String(body.id);
  const [approval] = await asked(served, run);
  return { run, approval: approval! };
}

const decide = (id: string, body: object) => served.call('POST', `/v1/approvals/${id}`, { body });

test.each([
  ['sendMap', new Map([['at', new Date(0)]])],
  ['sendDate', new Date(0)],
])('%s: what is no JSON reaches the tool as it was', async (workflow, holds) => {
  const { run, approval } = await question(workflow);
  await decide(approval.id, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(Post.sent).toEqual([{ holds, grams: 100, code: 'A' }]);
});

test('a schema that throws refuses an edit, and the question stays', async () => {
  const { run, approval } = await question('sendText');
  expect(await decide(approval.id, { decision: 'approve', arguments: { holds: 1, code: 'throws' } })).toMatchObject({
    status: 422,
    body: { code: 'invalid_tool_arguments', detail: "The arguments of 'Post.send' cannot be checked: null" },
  });
  await decide(approval.id, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(Post.sent).toEqual([{ holds: 'a letter', grams: 100, code: 'A' }]);
});

test('an edit is completed like any arguments, and people see that', async () => {
  const { run, approval } = await question('sendText');
  const { body } = await decide(approval.id, { decision: 'approve', arguments: { holds: 'a note', gramms: 5 } });
  expect(body.decidedArguments).toEqual({ holds: 'a note', grams: 100, code: 'A' });
  await ended(served, run);
  expect(Post.sent).toEqual([body.decidedArguments]);
});

test.each(['a\0b', '\ud800'])('an edit that cannot be kept as it is is refused: %j', async (holds) => {
  const { approval } = await question('sendText');
  for (const args of [{ holds }, { holds: [{ [holds]: 1 }] }]) {
    expect(await decide(approval.id, { decision: 'approve', arguments: args })).toMatchObject({
      status: 422,
      body: { code: 'not_serializable' },
    });
  }
  expect(await audit(served, approval.id)).toHaveLength(1);
});
