import { expect, test } from 'vitest';
import { Counter } from '../support/apps/counter.ts';
import { serve } from '../support/serve.ts';
import { Office } from './support/office.ts';

const served = serve({ services: [Counter] }, { config: { auth: 'keys' } });
const office = new Office(served);
const payment = { to: 'shop', cents: 1200 };
const NONE = 'f'.repeat(64);

test('what a run asks is in the inbox, with what it is about and who asks', async () => {
  const bo = await office.person('bo');
  const asked = await office.asked(bo, 'Counter.buy', { payment });
  expect(asked).toMatchObject({
    workflow: 'Counter.buy',
    tool: 'Counter.pay',
    tenant: 'acme',
    status: 'pending',
    role: 'manager',
    quorum: 1,
    votes: 0,
    initiator: 'bo',
    decidedBy: [],
    decidedAt: null,
  });
  expect(asked).not.toHaveProperty('arguments');
  const { body } = await office.read(asked.id, bo);
  expect(body).toMatchObject({
    ...asked,
    arguments: { payment, rule: { role: 'manager' } },
    events: [{ n: 1, what: 'asked', who: 'bo', roles: ['manager'] }],
  });
});

test('a person with the role decides once, by the name of their key, and the run goes on', async () => {
  const [bo, ana] = [await office.person('bo'), await office.person('ana', ['manager'])];
  const { id, runId, argumentsHash } = await office.asked(bo, 'Counter.buy', { payment });
  const decided = await office.decide(
    id,
    { ...ana, 'X-User': 'mallory' },
    { decision: 'approve', comment: ' fine ', argumentsHash },
  );
  expect(decided).toMatchObject({
    status: 200,
    body: { status: 'approved', decidedBy: ['ana'], comment: 'fine', decidedArguments: null },
  });
  expect(decided.body.events.at(-1)).toMatchObject({
    what: 'approved',
    who: 'ana',
    roles: ['manager'],
    via: null,
    comment: 'fine',
    argumentsHash,
  });
  expect(await office.result(runId, bo)).toMatchObject({ status: 'succeeded', result: payment });
  const again = await office.decide(id, ana, { decision: 'reject' });
  expect(again).toMatchObject({ status: 409, body: { code: 'approval_decided', runId } });
  expect(again.body.detail).toContain('approved by ana');
});

test('who lacks the role is refused, whatever the headers claim', async () => {
  const [bo, eve] = [await office.person('bo'), await office.person('eve', ['clerk'])];
  const { id } = await office.asked(bo, 'Counter.buy', { payment });
  const claim = { ...eve, 'X-Roles': 'manager', 'X-User': 'ana' };
  expect(await office.decide(id, claim, { decision: 'approve' })).toMatchObject({
    status: 403,
    body: { code: 'approval_role_required' },
  });
  expect((await office.read(id, bo)).body).toMatchObject({ status: 'pending', events: [{ what: 'asked' }] });
});

test('to other tenants an approval does not exist', async () => {
  const [bo, zed] = [await office.person('bo'), await office.person('zed', ['manager', 'link-issuer'], 'other')];
  const { id, runId } = await office.asked(bo, 'Counter.buy', { payment });
  const missing = { status: 404, body: { code: 'approval_not_found' } };
  expect(await office.read(id, zed)).toMatchObject(missing);
  expect(await office.decide(id, { ...zed, 'X-Tenant': 'acme' }, { decision: 'approve' })).toMatchObject(missing);
  expect(await office.link(id, zed, { for: 'zed' })).toMatchObject(missing);
  for (const query of ['', `?run=${runId}`, '?status=pending&role=manager'])
    expect((await served.call('GET', `/v1/approvals${query}`, { headers: zed })).body).toMatchObject({ items: [] });
  expect(await office.decide('none', zed, { decision: 'approve' })).toMatchObject(missing);
});

test('whoever started the run is kept from deciding where the rule says so', async () => {
  const bo = await office.person('bo', ['manager']);
  const order = { payment, rule: { role: 'manager', excludeInitiator: true } };
  const { id } = await office.asked(bo, 'Counter.buy', order);
  const anotherKeyOfHis = await office.person('bo', ['manager']);
  for (const key of [bo, anotherKeyOfHis])
    expect(await office.decide(id, key, { decision: 'approve' })).toMatchObject({
      status: 403,
      body: { code: 'approval_by_initiator' },
    });
});

test('a quorum takes different people', async () => {
  const [ana, cleo] = [await office.person('ana'), await office.person('cleo')];
  const { id, runId } = await office.asked(ana, 'Counter.buy', { payment, rule: { quorum: 2 } });
  expect(await office.decide(id, ana, { decision: 'approve' })).toMatchObject({
    status: 200,
    body: { status: 'pending', votes: 1, decidedBy: ['ana'] },
  });
  expect(await office.decide(id, ana, { decision: 'approve' })).toMatchObject({
    status: 409,
    body: { code: 'approval_voted' },
  });
  const edit = { decision: 'approve', arguments: { payment: { ...payment, cents: 1 } } };
  expect(await office.decide(id, cleo, edit)).toMatchObject({ status: 400, body: { code: 'arguments_not_editable' } });
  expect(await office.decide(id, cleo, { decision: 'approve' })).toMatchObject({
    body: { status: 'approved', votes: 2, decidedBy: ['ana', 'cleo'] },
  });
  expect(await office.result(runId, ana)).toMatchObject({ status: 'succeeded' });
});

test('edited arguments are checked like any, and are what happens', async () => {
  const ana = await office.person('ana', ['manager']);
  const { id, runId } = await office.asked(ana, 'Counter.buy', { payment });
  const wrong = { decision: 'approve', arguments: { payment: { to: 'shop', cents: -1 } } };
  expect(await office.decide(id, ana, wrong)).toMatchObject({
    status: 422,
    body: { code: 'invalid_tool_arguments', errors: [{ pointer: '/payment/cents' }] },
  });
  const edited = { payment: { to: 'shop', cents: 5 }, rule: { role: 'manager' } };
  expect(await office.decide(id, ana, { decision: 'approve', arguments: edited })).toMatchObject({
    status: 200,
    body: { decidedArguments: edited, arguments: { payment } },
  });
  expect(await office.result(runId, ana)).toMatchObject({ result: { cents: 5 } });
});

test('a decision about what was not looked at is refused', async () => {
  const ana = await office.person('ana', ['manager']);
  const { id } = await office.asked(ana, 'Counter.buy', { payment });
  expect(await office.decide(id, ana, { decision: 'approve', argumentsHash: NONE })).toMatchObject({
    status: 409,
    body: { code: 'approval_changed' },
  });
});

test('nobody decides for a run that has ended', async () => {
  const ana = await office.person('ana', ['manager']);
  const { id, runId } = await office.asked(ana, 'Counter.buy', { payment });
  await served.call('POST', `/v1/runs/${runId}/cancel`, { headers: ana });
  expect((await office.read(id, ana)).body.status).toBe('withdrawn');
  expect(await office.decide(id, ana, { decision: 'approve' })).toMatchObject({
    status: 409,
    body: { code: 'approval_withdrawn' },
  });
  const withdrawn = await served.call('GET', `/v1/approvals?status=withdrawn&run=${runId}`, { headers: ana });
  expect(withdrawn.body).toMatchObject({ items: [{ id }] });
});

test('after its time nobody decides, whether or not the run has noticed', async () => {
  const ana = await office.person('ana', ['manager']);
  const { id } = await office.asked(ana, 'Counter.buy', { payment });
  await served.database.query(`UPDATE holdfast.approvals SET expires_at = now() - interval '1 s' WHERE id = $1`, [id]);
  expect(await office.decide(id, ana, { decision: 'approve' })).toMatchObject({
    status: 410,
    body: { code: 'approval_expired' },
  });
  const short = await office.asked(ana, 'Counter.buy', { payment, rule: { expires: '1ms' } });
  await office.result(short.runId, ana);
  expect(await office.decide(short.id, ana, { decision: 'approve' })).toMatchObject({
    status: 409,
    body: { code: 'approval_decided' },
  });
  expect((await office.read(short.id, ana)).body).toMatchObject({ status: 'expired', decidedBy: [] });
});

test.each([
  [{}, 400, 'invalid_body'],
  [{ decision: 'maybe' }, 400, 'invalid_body'],
  [{ decision: 'approve', by: 'ana' }, 400, 'invalid_body'],
  [{ decision: 'approve', comment: 'a\0b' }, 400, 'invalid_body'],
  [{ decision: 'approve', comment: 'x'.repeat(4001) }, 400, 'invalid_body'],
  [{ decision: 'reject', arguments: {} }, 400, 'arguments_not_editable'],
])('the decision %j is refused with %i', async (decision, status, code) => {
  const ana = await office.person('ana', ['manager']);
  const { id } = await office.asked(ana, 'Counter.buy', { payment });
  expect(await office.decide(id, ana, decision)).toMatchObject({ status, body: { code } });
});

test('a rejection has its reason', async () => {
  const ana = await office.person('ana', ['manager']);
  const { id, runId } = await office.asked(ana, 'Counter.buy', { payment });
  await office.decide(id, ana, { decision: 'reject', comment: 'too much' });
  expect(await office.result(runId, ana)).toMatchObject({ status: 'failed', error: { code: 'approval_rejected' } });
});

test('approvals take a key', async () => {
  for (const [method, path] of [
    ['GET', '/v1/approvals'],
    ['GET', '/v1/approvals/x'],
    ['POST', '/v1/approvals/x'],
    ['POST', '/v1/approvals/x/links'],
  ] as const)
    expect(await served.call(method, path)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
});
