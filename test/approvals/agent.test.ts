// An agent whose tools need people's approval: what is asked, what becomes of the call, and what the model hears of it.

import { beforeAll, expect, test } from 'vitest';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { resultsBefore } from '../agent/support/desk.ts';
import {
  ana,
  approvalsOf,
  asked,
  audit,
  begin,
  bob,
  codeOf,
  ended,
  models,
  prepare,
  refundCall,
  Shop,
  shop,
} from './support/shop.ts';

const served = serve({ services: [Shop] }, { models });
const decide: typeof served.service.running.approvals.decide = (...args) =>
  served.service.running.approvals.decide(...args);

beforeAll(() => served.database.query('CREATE TABLE notes (text text)'));

test('a call that needs approval waits without memory, and is made once when it is approved', async () => {
  const model = prepare([{ toolCalls: [refundCall(500)] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Refund o1.', 'carl');
  const [approval] = await asked(served, run);
  expect(approval).toMatchObject({
    id: expect.stringMatching(new RegExp(`^${run}-approval-\\d+$`)),
    tool: 'Shop.refund',
    question: 'May Shop.refund be called?',
    // As the tool will get them, with what its schema fills in.
    arguments: { order: 'o1', cents: 500, currency: 'EUR' },
    arguments_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    role: null,
    status: 'pending',
    initiator: 'carl',
  });
  expect(shop.refunds).toEqual([]);

  await decide(approval!.id, ana, { decision: 'approve', comment: 'Fine.', argumentsHash: approval!.arguments_hash });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(shop.refunds).toEqual([{ order: 'o1', cents: 500, currency: 'EUR' }]);
  expect(shop.ruled).toBe(1);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: 'Paid 500 EUR for o1.' } }]);
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'approved', decided_by: ['ana'], comment: 'Fine.' }]);
  expect(await audit(served, approval!.id)).toMatchObject([
    { n: 1, what: 'asked', who: 'carl', arguments_hash: approval!.arguments_hash },
    { n: 2, what: 'approved', who: 'ana', roles: ['manager'], via: null, comment: 'Fine.' },
  ]);
});

test('a rejection is the result of the call, with who said it and why', async () => {
  const model = prepare([{ toolCalls: [refundCall(500)] }, { text: 'Sorry.' }]);
  const run = await begin(served, 'help', 'Refund o1.');
  const [approval] = await asked(served, run);
  await decide(approval!.id, bob, { decision: 'reject', comment: 'Too much.' });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded', result: 'Sorry.' });
  expect(shop.refunds).toEqual([]);
  expect(resultsBefore(model, 1)).toMatchObject([
    {
      output: {
        type: 'error-json',
        value: { code: 'approval_rejected', message: expect.stringMatching(/bob .*Too much\./) },
      },
    },
  ]);
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'rejected', decided_by: ['bob'] }]);
});

test('a rule that asks only above a limit is decided once, and lets others through', async () => {
  prepare([{ toolCalls: [refundCall(100)] }, { toolCalls: [refundCall(101)] }, { text: 'Both.' }], ({ cents }) =>
    cents > 100 ? { role: 'manager', question: `Pay ${cents}?` } : undefined,
  );
  const run = await begin(served, 'help', 'Refund twice.');
  const [approval] = await asked(served, run);
  expect(approval).toMatchObject({ question: 'Pay 101?', role: 'manager' });
  expect(shop.refunds).toMatchObject([{ cents: 100 }]);
  await decide(approval!.id, ana, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Both.' });
  expect(shop.refunds).toMatchObject([{ cents: 100 }, { cents: 101 }]);
  expect(shop.ruled).toBe(2);
});

test('edited arguments are checked, and the tool runs with them', async () => {
  prepare([{ toolCalls: [refundCall(500)] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Refund o1.');
  const [approval] = await asked(served, run);
  const edit = (args: unknown) => decide(approval!.id, ana, { decision: 'approve', arguments: args });
  await expect(edit({ order: 'o1', cents: -3 })).rejects.toMatchObject({
    code: 'invalid_tool_arguments',
    details: [{ pointer: '/cents' }],
  });
  expect(await codeOf(edit(JSON.parse('{"order":"o1","cents":1,"__proto__":{}}')))).toBe('not_serializable');
  expect(await codeOf(decide(approval!.id, ana, { decision: 'reject', arguments: {} }))).toBe('arguments_not_editable');
  await edit({ order: 'o2', cents: 50 });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(shop.refunds).toEqual([{ order: 'o2', cents: 50, currency: 'EUR' }]);
  const [, approved] = await audit(served, approval!.id);
  expect(approved!.arguments_hash).not.toBe(approval!.arguments_hash);
  const armed = await served.database.query('SELECT arguments FROM holdfast.compensations WHERE run_id = $1', [run]);
  expect(armed).toMatchObject([{ arguments: expect.stringContaining('o2') }]);
});

test('a transactional tool commits only what was approved', async () => {
  prepare([{ toolCalls: [refundCall(1, 'note')] }, { toolCalls: [refundCall(2, 'note')] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Note twice.');
  const [first] = await asked(served, run);
  await decide(first!.id, ana, { decision: 'reject' });
  const [, second] = await asked(served, run);
  expect(await served.database.query('SELECT text FROM notes')).toEqual([]);
  await decide(second!.id, ana, { decision: 'approve', arguments: { order: 'other', cents: 2 } });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(await served.database.query('SELECT text FROM notes')).toEqual([{ text: 'other' }]);
});

test('calls of one turn ask at the same time, and each has its own answer', async () => {
  const calls = [refundCall(1), { name: 'send', args: { to: 'Ann' } }, refundCall(3)];
  const model = prepare([{ toolCalls: calls }, { text: 'Done.' }], ({ cents }) =>
    cents === 3 ? undefined : 'required',
  );
  const run = await begin(served, 'help', 'Do it all.');
  const [refund, letter] = await asked(served, run, 2);
  expect([refund!.tool, letter!.tool]).toEqual(['Shop.refund', 'Shop.send']);
  await decide(letter!.id, ana, { decision: 'approve' });
  await decide(refund!.id, bob, { decision: 'reject' });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(shop.sent).toEqual(['Ann']);
  expect(shop.refunds).toMatchObject([{ cents: 3 }]);
  expect(resultsBefore(model, 1)).toMatchObject([
    { output: { value: { code: 'approval_rejected' } } },
    { output: { value: 'Sent to Ann.' } },
    { output: { value: 'Paid 3 EUR for o1.' } },
  ]);
});

test('the transcript has no result while a call waits, the refusal after it was rejected, and the result after it was made', async () => {
  prepare([{ toolCalls: [refundCall(1), { name: 'send', args: { to: 'Ann' } }] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Do both.');
  const results = async (): Promise<unknown[]> => {
    const { body } = await served.call<{ items: { role: string; content: any }[] }>(
      'GET',
      `/v1/runs/${run}/transcript`,
    );
    const told = body.items.find(({ role }) => role === 'tool');
    return told ? told.content.map(({ toolName, output }: any) => [toolName, output.value?.code ?? output.value]) : [];
  };
  const [refund, letter] = await asked(served, run, 2);
  expect(await results()).toEqual([]);
  await decide(refund!.id, ana, { decision: 'reject' });
  await until('the refusal', async () => (await results()).length === 1);
  expect(await results()).toEqual([['refund', 'approval_rejected']]);
  await decide(letter!.id, ana, { decision: 'approve' });
  await ended(served, run);
  expect(await results()).toEqual([
    ['refund', 'approval_rejected'],
    ['send', 'Sent to Ann.'],
  ]);
});

test('a restart between question and answer asks nobody again', async () => {
  const model = prepare([{ toolCalls: [refundCall(7)] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Refund o1.');
  await asked(served, run);
  await served.restart();
  const [approval, ...others] = await approvalsOf(served, run);
  expect(others).toEqual([]);
  await decide(approval!.id, ana, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toHaveLength(1);
  expect(shop.ruled).toBe(1);
  expect(model.calls).toHaveLength(2);
});

test('a rule that throws fails the call, and nothing is done', async () => {
  const model = prepare(
    [{ toolCalls: [refundCall(7)] }, { toolCalls: [refundCall(8)] }, { text: 'Done.' }],
    ({ cents }) => {
      if (cents === 7) throw new Error('No rule for seven.');
      return { quorum: 0 };
    },
  );
  const run = await begin(served, 'help', 'Refund o1.');
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toEqual([]);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: { message: 'No rule for seven.' } } }]);
  expect(resultsBefore(model, 2)).toMatchObject([{ output: { value: { code: 'invalid_approval' } } }]);
  expect(await approvalsOf(served, run)).toEqual([]);
});

test('what a schema fills in anew each time is filled in once, and the tool gets what was approved', async () => {
  const model = prepare([
    { toolCalls: [{ name: 'book', args: { seat: '1A', extra: 'free of charge' } }] },
    { text: 'Done.' },
  ]);
  const run = await begin(served, 'help', 'Book.');
  const [approval] = await asked(served, run);
  expect(approval!.arguments).toEqual({ seat: '1A', reference: expect.any(String) });
  await served.restart();
  await decide(approval!.id, ana, { decision: 'approve' });
  await ended(served, run);
  expect(shop.booked).toEqual([approval!.arguments]);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: approval!.arguments.reference } }]);
});

test('a deploy that makes something else of the call does not do what nobody approved', async () => {
  const model = prepare([{ toolCalls: [{ name: 'book', args: { seat: '1A' } }] }, { text: 'Sorry.' }]);
  const run = await begin(served, 'help', 'Book.');
  const [approval] = await asked(served, run);
  shop.booking = 'twice';
  await decide(approval!.id, ana, { decision: 'approve' });
  await ended(served, run);
  expect(shop.booked).toEqual([]);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: { code: 'approval_changed' } } }]);
});

test('nor does it do what nobody approved instead', async () => {
  const model = prepare([{ toolCalls: [{ name: 'book', args: { seat: '1A' } }] }, { text: 'Sorry.' }]);
  const run = await begin(served, 'help', 'Book.');
  const [approval] = await asked(served, run);
  await decide(approval!.id, ana, { decision: 'approve', arguments: { seat: '2A' } });
  // The run looks once it was told, which is later than this.
  shop.booking = 'twice';
  await ended(served, run);
  expect(shop.booked).toEqual([]);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: { code: 'approval_changed' } } }]);
});

test('a tool that gets what is no JSON is asked about in JSON', async () => {
  prepare([
    { toolCalls: [{ name: 'visit', args: { url: 'https://shop.example/a', tags: ['x', 'x'] } }] },
    { text: 'Done.' },
  ]);
  const run = await begin(served, 'help', 'Visit.');
  const [approval] = await asked(served, run);
  // What it gets is a URL and a set.
  expect(approval!.arguments).toEqual({ url: 'https://shop.example/a', tags: ['x'] });
  await decide(approval!.id, ana, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ status: 'succeeded' });
  expect(shop.sent).toEqual(['shop.example 1']);
});
