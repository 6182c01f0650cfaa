// Who may decide, once, and who is refused with which code.

import { beforeAll, expect, test } from 'vitest';
import { Approvals } from '../../src/admission/approvals.ts';
import type { Decision } from '../../src/admission/approvals.ts';
import type { Person } from '../../src/core/person.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import {
  ana,
  approvalsOf,
  type Asked,
  asked,
  audit,
  begin,
  bob,
  codeOf,
  ended,
  eve,
  models,
  person,
  prepare,
  refundCall,
  Shop,
  shop,
} from './support/shop.ts';

const served = serve({ services: [Shop] }, { models });
const decide = (approval: Asked | string, by: Person, decision: Decision | 'approve' | 'reject'): Promise<void> =>
  served.service.running.approvals.decide(
    typeof approval === 'string' ? approval : approval.id,
    by,
    typeof decision === 'string' ? { decision } : decision,
  );

beforeAll(() => served.database.query('CREATE TABLE notes (text text)'));

/** Starts a run that asks, and returns it with its question. */
async function question(rule: object, user?: string): Promise<{ run: string; approval: Asked }> {
  prepare([]);
  const run = await begin(served, 'ask', rule, user);
  const [approval] = await asked(served, run);
  return { run, approval: approval! };
}

test('of twenty who decide at the same time exactly one succeeds', async () => {
  const { run, approval } = await question({});
  const people = Array.from({ length: 20 }, (_, n) => person(`p${n}`));
  const codes = await Promise.all(
    people.map((one, n) => codeOf(decide(approval, one, n % 2 === 0 ? 'approve' : 'reject'))),
  );
  expect(codes.filter((code) => code === 'accepted')).toHaveLength(1);
  expect(codes.filter((code) => code === 'approval_decided')).toHaveLength(19);
  const { result } = await ended(served, run);
  const winner = codes.indexOf('accepted');
  expect(result).toEqual({
    outcome: winner % 2 === 0 ? 'approved' : 'rejected',
    approved: winner % 2 === 0,
    by: [`p${winner}`],
  });
  expect(await audit(served, approval.id)).toHaveLength(2);
  const messages = await served.database.query('SELECT FROM dbos.notifications WHERE destination_uuid = $1', [run]);
  expect(messages).toHaveLength(1);
});

test('a quorum takes different people', async () => {
  const { run, approval } = await question({ quorum: 2, role: 'manager' });
  await decide(approval, ana, 'approve');
  expect(await codeOf(decide(approval, ana, 'approve'))).toBe('approval_voted');
  expect(await codeOf(decide(approval, bob, { decision: 'approve', arguments: {} }))).toBe('arguments_not_editable');
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'pending', votes: 1 }]);
  const codes = await Promise.all([1, 2, 3].map(() => codeOf(decide(approval, bob, 'approve'))));
  expect(codes.sort()).toEqual(['accepted', 'approval_decided', 'approval_decided']);
  expect(await ended(served, run)).toMatchObject({ result: { outcome: 'approved', by: ['ana', 'bob'] } });
});

test('one who rejects is enough, even one who has approved before', async () => {
  const first = await question({ quorum: 3 });
  await decide(first.approval, ana, 'approve');
  await decide(first.approval, bob, { decision: 'reject', comment: 'No.' });
  expect(await ended(served, first.run)).toMatchObject({
    result: { outcome: 'rejected', approved: false, by: ['bob'], comment: 'No.' },
  });
  const second = await question({ quorum: 3 });
  await decide(second.approval, ana, 'approve');
  await decide(second.approval, ana, 'reject');
  expect(await ended(served, second.run)).toMatchObject({ result: { outcome: 'rejected', by: ['ana'] } });
});

test('the role, the initiator and the arguments are looked at', async () => {
  const { run, approval } = await question({ role: 'manager', excludeInitiator: true, arguments: { n: 1 } }, 'ana');
  expect(await codeOf(decide(approval, eve, 'approve'))).toBe('approval_role_required');
  expect(await codeOf(decide(approval, eve, 'reject'))).toBe('approval_role_required');
  expect(await codeOf(decide(approval, ana, 'approve'))).toBe('approval_by_initiator');
  expect(await codeOf(decide(approval, { ...ana, roles: 'all' }, 'reject'))).toBe('approval_by_initiator');
  const other = '0'.repeat(64);
  expect(await codeOf(decide(approval, bob, { decision: 'approve', argumentsHash: other }))).toBe('approval_changed');
  expect(await codeOf(decide(approval, bob, { decision: 'approve', arguments: 2 }))).toBe('arguments_not_editable');
  expect(await audit(served, approval.id)).toHaveLength(1);
  await decide(approval, bob, { decision: 'approve', argumentsHash: approval.arguments_hash });
  expect(await codeOf(decide(approval, bob, 'approve'))).toBe('approval_decided');
  expect(await ended(served, run)).toMatchObject({ result: { approved: true } });
});

test('an initiator is excluded from what the runs below theirs ask', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }], { excludeInitiator: true });
  const parent = await begin(served, 'parent', 'Refund.', 'ana');
  const child = await until('the child', async () => {
    const rows = await served.database.query<{ id: string }>('SELECT id FROM holdfast.runs WHERE parent_id = $1', [
      parent,
    ]);
    return rows[0]?.id;
  });
  const approval = await until('the question', async () => (await approvalsOf(served, child))[0]);
  expect(approval).toMatchObject({ initiator: 'ana' });
  expect(await codeOf(decide(approval, ana, 'approve'))).toBe('approval_by_initiator');
  await decide(approval, bob, 'approve');
  expect(await ended(served, parent)).toMatchObject({ result: 'Done.' });
  expect(shop.refunds).toHaveLength(1);
});

test('what is not there, or belongs to another tenant, is not found', async () => {
  const { approval } = await question({});
  for (const id of ['nothing', 'nul\0', ''])
    expect(await codeOf(decide(id, ana, 'approve'))).toBe('approval_not_found');
  const stranger: Person = { name: 'x', roles: 'all', tenant: 'elsewhere' };
  expect(await codeOf(decide(approval, stranger, 'approve'))).toBe('approval_not_found');
  const issuer = { ...stranger, roles: ['link-issuer'] };
  const { approvals } = served.service.running;
  expect(await codeOf(approvals.makeLink(approval.id, issuer, { for: 'x' }))).toBe('approval_not_found');
  await decide(approval, { ...ana, tenant: undefined }, 'approve');
});

test('a cancelled run withdraws its question', async () => {
  const { run, approval } = await question({});
  await served.call('POST', `/v1/runs/${run}/cancel`);
  expect(await codeOf(decide(approval, ana, 'approve'))).toBe('approval_withdrawn');
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'withdrawn' }]);
});

test('a tool that this build does not have takes no other arguments', async () => {
  prepare([{ toolCalls: [refundCall(5)] }, { text: 'Done.' }]);
  const run = await begin(served, 'help', 'Refund.');
  const [approval] = await asked(served, run);
  const db = served.service.running.database.transactions;
  const other = new Approvals({ db, tools: new Map(), onWakeUp: () => {} });
  const edited = { decision: 'approve', arguments: { order: 'o1', cents: 1 } } as const;
  expect(await codeOf(other.decide(approval!.id, ana, edited))).toBe('arguments_not_editable');
  // This process is not told of the message, and hears of it from the database.
  await other.decide(approval!.id, ana, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: 'Done.' });
});

test('a comment may have anything in it', async () => {
  const { run, approval } = await question({ arguments: { 'a\0': ['\ud800', '\\u0000', 1e300, null] } });
  expect(approval.arguments).toEqual({ 'a\ufffd': ['\ufffd', '\\u0000', 1e300, null] });
  await decide(approval, person('o\0o'), { decision: 'reject', comment: ' nul\0 "quoted"\n ' });
  expect(await ended(served, run)).toMatchObject({ result: { by: ['o\ufffdo'], comment: 'nul\ufffd "quoted"' } });
});
