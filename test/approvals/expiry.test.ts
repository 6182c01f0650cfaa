// Questions that nobody answers: put to others, and in the end taken for a no, or for a yes.

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
  codeOf,
  ended,
  models,
  person,
  prepare,
  refundCall,
  Shop,
  shop,
} from './support/shop.ts';

const served = serve({ services: [Shop] }, { models });
const decide: typeof served.service.running.approvals.decide = (...args) =>
  served.service.running.approvals.decide(...args);

beforeAll(() => served.database.query('CREATE TABLE notes (text text)'));

test('a call that nobody approves in time is not made, and the model is told', async () => {
  const model = prepare([{ toolCalls: [refundCall(5)] }, { text: 'Sorry.' }], 'required');
  const run = await begin(served, 'help', 'Refund.');
  const [approval] = await asked(served, run);
  await served.service.skipTime('6d');
  await asked(served, run);
  await served.service.skipTime('1d');
  expect(await ended(served, run)).toMatchObject({ result: 'Sorry.' });
  expect(shop.refunds).toEqual([]);
  expect(resultsBefore(model, 1)).toMatchObject([{ output: { value: { code: 'approval_expired' } } }]);
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'expired', decided_by: [] }]);
  expect((await audit(served, approval!.id)).map(({ what, who }) => [what, who])).toEqual([
    ['asked', 'local'],
    ['expired', null],
  ]);
  const { body } = await served.call<{ items: { role: string; content: any }[] }>('GET', `/v1/runs/${run}/transcript`);
  expect(body.items[2]!.content).toMatchObject([{ output: { value: { code: 'approval_expired' } } }]);
  await expect(decide(approval!.id, ana, { decision: 'approve' })).rejects.toMatchObject({
    code: 'approval_decided',
    details: { status: 'expired', by: [] },
  });
});

test('nobody decides in time may mean yes', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }], { expires: '200ms', otherwise: 'approve' });
  const run = await begin(served, 'help', 'Refund.');
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toHaveLength(1);
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'expired' }]);
});

test('a question that is out of time is put to others, votes before that are void, and then their time runs', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }], {
    role: 'manager',
    quorum: 2,
    expires: '1d',
    escalate: { role: 'director', expires: '2d' },
  });
  const run = await begin(served, 'help', 'Refund.');
  const [approval] = await asked(served, run);
  const id = approval!.id;
  await decide(id, ana, { decision: 'approve' });
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'pending', votes: 1, decided_by: ['ana'] }]);
  await served.service.skipTime('1d');
  const escalated = await until('the escalation', async () =>
    (await asked(served, run)).find(({ role }) => role === 'director'),
  );
  expect(escalated).toMatchObject({ votes: 0, decided_by: [], status: 'pending' });
  expect(await codeOf(decide(id, ana, { decision: 'approve' }))).toBe('approval_role_required');
  await decide(id, person('ann', 'director'), { decision: 'approve' });
  await decide(id, person('dan', 'director'), { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toHaveLength(1);
  expect((await audit(served, id)).map(({ what, who, roles }) => [what, who, roles.join()])).toEqual([
    ['asked', 'local', 'manager'],
    ['voted', 'ana', 'manager'],
    ['escalated', null, 'director'],
    ['voted', 'ann', 'director'],
    ['approved', 'dan', 'director'],
  ]);
});

test('others who do not answer either leave it at the default', async () => {
  prepare([]);
  const rule = { expires: '150ms', escalate: { role: 'director', expires: '150ms' }, otherwise: 'reject' };
  const run = await begin(served, 'ask', rule);
  expect(await ended(served, run)).toMatchObject({ result: { outcome: 'expired', approved: false, by: [] } });
  const [approval] = await approvalsOf(served, run);
  expect((await audit(served, approval!.id)).map(({ what }) => what)).toEqual(['asked', 'escalated', 'expired']);
});

test('an answer that comes too late is refused, also while the run has not noticed', async () => {
  prepare([]);
  const run = await begin(served, 'ask', { expires: '1h' });
  const [approval] = await asked(served, run);
  // The time is over, but nothing wakes the run.
  await served.database.query(`UPDATE holdfast.approvals SET expires_at = now() WHERE id = $1`, [approval!.id]);
  expect(await codeOf(decide(approval!.id, ana, { decision: 'approve' }))).toBe('approval_expired');
  expect(await codeOf(decide(approval!.id, ana, { decision: 'reject' }))).toBe('approval_expired');
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'pending' }]);
});
