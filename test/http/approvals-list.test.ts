import { expect, test } from 'vitest';
import type { ApprovalSummary } from '../../src/views/approvals.ts';
import type { Page } from '../../src/views/page.ts';
import { Counter } from '../support/apps/counter.ts';
import { serve } from '../support/serve.ts';
import { Office } from './support/office.ts';

const served = serve({ services: [Counter] });
const office = new Office(served);

async function list(query: string): Promise<Page<ApprovalSummary>> {
  return (await served.call<Page<ApprovalSummary>>('GET', `/v1/approvals?${query}`)).body;
}

async function pages(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const { items, next } = await list(`${query}&limit=2${cursor}`);
    ids.push(...items.map((approval) => approval.id));
    if (next === null) return ids;
    cursor = `&cursor=${next}`;
  }
}

test('the inbox is read in pages, the newest first, and without authentication anybody decides', async () => {
  const asked: ApprovalSummary[] = [];
  for (const [index, role] of ['cfo', 'manager', 'cfo', 'manager', 'cfo'].entries()) {
    const order = { payment: { to: `shop ${index}`, cents: 1 }, rule: { role } };
    asked.push(await office.asked({ 'X-User': 'bo' }, 'Counter.buy', order));
  }
  // Those of one moment are in the order of their ids.
  await served.database.query('ALTER TABLE holdfast.approvals DISABLE TRIGGER guard');
  await served.database.query(
    `UPDATE holdfast.approvals SET asked_at = '2025-01-01 00:00:00.123456Z' WHERE id = ANY($1)`,
    [asked.slice(0, 3).map(({ id }) => id)],
  );
  const sameTime = asked
    .slice(0, 3)
    .map(({ id }) => id)
    .sort()
    .reverse();
  const all = [asked[4]!.id, asked[3]!.id, ...sameTime];
  expect(await pages('status=pending')).toEqual(all);
  expect(await pages('status=pending,approved')).toEqual(all);
  const ofCfo = all.filter((id) => asked.find((one) => one.id === id)!.role === 'cfo');
  expect(await pages('role=cfo')).toEqual(ofCfo);
  expect(await pages(`run=${asked[1]!.runId}`)).toEqual([asked[1]!.id]);

  const decided = await office.decide(asked[4]!.id, {}, { decision: 'approve' });
  expect(decided.body).toMatchObject({ status: 'approved', decidedBy: ['local'] });
  expect(decided.body.events.at(-1)).toMatchObject({ who: 'local', roles: ['all'] });
  expect(await pages('status=pending')).toEqual(all.slice(1));
  expect(await pages('status=approved')).toEqual([asked[4]!.id]);
});

test('without authentication headers narrow down who decides', async () => {
  const { id } = await office.asked({ 'X-Tenant': 'acme' }, 'Counter.buy', { payment: { to: 'shop', cents: 1 } });
  const decision = { decision: 'approve' };
  expect(await office.decide(id, { 'X-User': 'eve', 'X-Roles': 'clerk' }, decision)).toMatchObject({
    status: 403,
    body: { code: 'approval_role_required' },
  });
  expect(await office.decide(id, { 'X-Tenant': 'other' }, decision)).toMatchObject({ status: 404 });
  expect(await office.decide(id, { 'X-User': 'ana', 'X-Roles': 'clerk,manager' }, decision)).toMatchObject({
    status: 200,
    body: { decidedBy: ['ana'] },
  });
});

test.each([
  ['status=open', 'invalid_query'],
  ['state=pending', 'invalid_query'],
  ['limit=0', 'invalid_query'],
  ['limit=501', 'invalid_query'],
  ['run=%00', 'invalid_query'],
  ['cursor=x', 'invalid_cursor'],
])('?%s is refused', async (query, code) => {
  expect(await served.call('GET', `/v1/approvals?${query}`)).toMatchObject({ status: 400, body: { code } });
});

test.each([
  ['GET', '/v1/approvals/%00'],
  ['POST', '/v1/approvals/%00'],
  ['POST', '/v1/approvals/a%00b/links'],
])('%s %s is refused', async (method, path) => {
  const body = method === 'POST' ? { decision: 'approve' } : undefined;
  expect(await served.call(method, path, { body })).toMatchObject({ status: 400, body: { code: 'invalid_path' } });
});
