// Telling people that they are asked: a step of the run that asks, which is tried again and does not fail it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Notify, TerminalError } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { ana, asked, begin, ended, models, prepare, refundCall, Shop, shop } from './support/shop.ts';

/** What people were told, how often that was tried, and how the next attempts go. */
const post = {
  url: '',
  letters: [] as any[],
  told: [] as Parameters<Notify>[0][],
  answers: [] as number[],
  quoted: '',
};

const server = createServer((request, response) => {
  void (async () => {
    post.letters.push({ ...((await json(request)) as object), key: request.headers['idempotency-key'] });
    response.writeHead(post.answers.shift() ?? 200).end();
  })();
});

const notify: Notify = async (approval, { link, fetch }) => {
  post.told.push(approval);
  if (approval.question === 'refuse') throw new TerminalError('no_post', 'There is no post today.');
  if (approval.question === 'quote') {
    post.quoted = await link({ for: 'ana' });
    throw new TerminalError('no_post', `Not taken: ${encodeURIComponent(post.quoted)}`, { url: post.quoted });
  }
  const body = JSON.stringify({ question: approval.question, url: await link({ for: 'ana' }) });
  const answer = await fetch(`${post.url}/letters`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`The post said ${answer.status}.`);
};

const served = serve({ services: [Shop], approvals: { notify } }, { models });
const tokenOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  post.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => void Object.assign(post, { letters: [], told: [], answers: [] }));

test('people are told once of each question, with a link that decides it', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }], { role: 'manager' });
  const run = await begin(served, 'help', 'Refund.', 'carl');
  const [approval] = await asked(served, run);
  expect(post.told).toMatchObject([
    {
      id: approval!.id,
      runId: run,
      tenant: 'default',
      workflow: 'Shop.help',
      tool: 'Shop.refund',
      arguments: { order: 'o1', cents: 5, currency: 'EUR' },
      role: 'manager',
      quorum: 1,
      initiator: 'carl',
      isEscalated: false,
    },
  ]);
  const { url } = post.letters[0];
  expect(url).toMatch(new RegExp(`^${served.service.url}/approve/[\\w-]{43}$`));
  await served.restart();
  await served.service.running.approvals.decideByLink(tokenOf(url), { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toHaveLength(1);
  expect(post.letters).toHaveLength(1);
});

test('a letter that cannot be posted is written again, with another link', async () => {
  prepare([]);
  post.answers.push(503);
  const run = await begin(served, 'ask', {});
  await asked(served, run);
  expect(post.letters).toHaveLength(2);
  const [first, second] = post.letters;
  expect(first.url).not.toBe(second.url);
  expect(first.key).not.toBe(second.key);
  await served.service.running.approvals.decideByLink(tokenOf(second.url), { decision: 'reject' });
  expect(await ended(served, run)).toMatchObject({ result: { by: ['ana'] } });
});

test('one that cannot be posted at all leaves the question in the inbox, and is no result of the call', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }], { question: 'refuse' });
  const run = await begin(served, 'help', 'Refund.');
  const [approval] = await asked(served, run);
  expect(post.told).toHaveLength(1);
  const { body } = await served.call<{ items: any[] }>('GET', `/v1/runs/${run}/transcript`);
  expect(body.items.map(({ role }) => role)).toEqual(['user', 'assistant']);
  await served.service.running.approvals.decide(approval!.id, ana, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(post.told).toHaveLength(1);
});

test('an error that quotes a link gives nobody the link', async () => {
  prepare([]);
  const run = await begin(served, 'ask', { question: 'quote' });
  await asked(served, run);
  const { body } = await served.call<{ items: any[] }>('GET', `/v1/runs/${run}/steps`);
  expect(body.items.find(({ name }) => name === 'notice').error).toMatchObject({
    code: 'no_post',
    message: expect.stringMatching(/^Not taken: http.*approve%2F…$/),
  });
  const rows = await served.database.query<{ text: string }>(
    `SELECT o::text AS text FROM dbos.operation_outputs o WHERE workflow_uuid = $1
     UNION ALL SELECT a::text FROM holdfast.attempts a WHERE run_id = $1`,
    [run],
  );
  expect(rows.length).toBeGreaterThan(1);
  for (const { text } of rows) expect(text).not.toContain(tokenOf(post.quoted));
});

test('those to whom a question is put instead are told, too', async () => {
  prepare([]);
  const rule = { role: 'manager', expires: '1d', escalate: { role: 'director', expires: '1d' } };
  const run = await begin(served, 'ask', rule);
  await asked(served, run);
  await served.service.skipTime('1d');
  await until('the second letter', () => post.letters.length === 2);
  expect(post.told.map(({ role, isEscalated }) => [role, isEscalated])).toEqual([
    ['manager', false],
    ['director', true],
  ]);
  await asked(served, run);
  const [early, late] = post.letters.map(({ url }) => tokenOf(url));
  const { approvals } = served.service.running;
  await expect(approvals.decideByLink(early!, { decision: 'approve' })).rejects.toMatchObject({ code: 'link_expired' });
  await approvals.decideByLink(late!, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: { approved: true } });
});
