import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { ANSWER_USD, openSpending, type Spending } from './support/spending.ts';

let world: Spending;

beforeEach(async () => {
  world = await openSpending();
});

afterEach(() => world?.close());

const spent = async (name: string): Promise<any> =>
  (await world.service.call<any>('GET', `/v1/budgets/${name}`)).body.spending[0];

test('stop: a run ends when its budget is spent, and not before', async () => {
  await world.put('each', { scope: 'run', window: 'run', limitUsd: 0.0011, policy: 'stop' });
  const stopped = await world.run('ask', 10);
  expect(stopped).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
  expect(stopped.error.message).toContain("the budget 'each'");
  expect(world.server.requests.length).toBeGreaterThanOrEqual(2);
  expect(world.server.requests.length * ANSWER_USD).toBeLessThanOrEqual(0.0011);
  expect(await world.run('ask', 1)).toMatchObject({ status: 'succeeded' });
});

test('a call is told how long its answer may be at most', async () => {
  await world.put('all', { scope: 'all', window: 'month', limitTokens: 100_000, policy: 'stop' });
  expect(await world.run('lookOn', undefined)).toMatchObject({ status: 'succeeded', error: null });
  expect(world.server.requests[0]!.body.max_tokens).toBe(4096);
});

test('degrade: calls go on in the class that the budget names, and the choice says so', async () => {
  await world.put('dear', {
    scope: 'tenant',
    window: 'day',
    limitUsd: '0.0008',
    policy: 'degrade',
    degradeTo: 'small',
  });
  expect(await world.run('ask', 4)).toMatchObject({ status: 'succeeded' });
  const models = world.server.requests.map(({ body }) => body.model);
  expect(models[0]).toBe('large');
  expect(models.at(-1)).toBe('small');
  const rows = await world.database.query(
    `SELECT class, choice FROM holdfast.model_calls WHERE endpoint = 'small' ORDER BY started_at LIMIT 1`,
  );
  expect(rows[0]).toMatchObject({ choice: { degradedFrom: 'reasoning', because: 'budget dear' } });
});

test('alert: calls go on, and the budget says when it was crossed', async () => {
  await world.put('quiet', {
    scope: 'workflow',
    workflow: 'Trial.ask',
    window: 'total',
    limitUsd: '0.0004',
    policy: 'alert',
  });
  expect(await world.run('ask', 4)).toMatchObject({ status: 'succeeded' });
  await until('the count', async () => Number((await spent('quiet')).spentUsd) > 0.0011);
  expect(await spent('quiet')).toMatchObject({ subject: 'Trial.ask', spentUsd: '0.0012' });
  expect((await spent('quiet')).alertedAt).not.toBeNull();
});

test('ask: runs wait for people; one yes raises the budget for all that wait for it', async () => {
  await world.put('asked', {
    scope: 'all',
    window: 'total',
    limitUsd: '0.001',
    policy: 'ask',
    approval: { role: 'boss' },
  });
  const starts = [0, 1, 2].map(() => world.service.call('POST', '/v1/workflows/Trial.ask/runs', { body: 2 }));
  const ids = (await Promise.all(starts)).map(({ body }) => String(body.id));
  const questions = await until('the questions', async () => {
    const { body } = await world.service.call<any>('GET', '/v1/approvals?status=pending');
    return body.items.length > 0 && body.items;
  });
  expect(questions[0]).toMatchObject({ role: 'boss', tool: null });
  expect(questions[0].question).toMatch(
    /^May the budget 'asked', of which .+ USD is spent, be raised by 0\.001 USD\?$/,
  );
  await world.service.call('POST', `/v1/approvals/${questions[0].id}`, { body: { decision: 'approve' } });
  for (const id of ids) {
    const done = await until('the end, with what else is asked', async () => {
      const { body: open } = await world.service.call<any>('GET', '/v1/approvals?status=pending');
      for (const { id: other } of open.items)
        await world.service.call('POST', `/v1/approvals/${other}`, { body: { decision: 'approve' } });
      const { body } = await world.service.call('GET', `/v1/runs/${id}`);
      return body.status === 'succeeded' || body.status === 'failed' ? body : undefined;
    });
    expect(done).toMatchObject({ status: 'succeeded' });
  }
  expect(world.server.requests).toHaveLength(6);
});

test('ask: a no ends the run', async () => {
  await world.put('asked', { scope: 'run', window: 'run', limitUsd: '0.0004', policy: 'ask' });
  const { body } = await world.service.call('POST', '/v1/workflows/Trial.ask/runs', { body: 3 });
  const question = await until('the question', async () => {
    const { body: open } = await world.service.call<any>('GET', `/v1/approvals?run=${String(body.id)}`);
    return open.items[0];
  });
  await world.service.call('POST', `/v1/approvals/${question.id}`, {
    body: { decision: 'reject', comment: 'Enough.' },
  });
  const failed = await world.ended(String(body.id));
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
  expect(failed.error.message).toContain('Enough.');
});

test('an endpoint without a price is refused, unless the budget allows it', async () => {
  const budget = { scope: 'all', window: 'day', limitUsd: 1, policy: 'stop' };
  await world.put('all', budget);
  expect(await world.run('askOf', 'free')).toMatchObject({ status: 'failed', error: { code: 'budget_price_unknown' } });
  expect(world.server.requests).toHaveLength(0);
  await world.put('all', { ...budget, allowUnpriced: true });
  expect(await world.run('askOf', 'free')).toMatchObject({ status: 'succeeded' });
  expect(await world.run('askOf', 'local')).toMatchObject({ status: 'succeeded' });
});

test('budgets belong to whoever has set them, who needs the role for it', async () => {
  const budget = { scope: 'tenant', window: 'month', limitUsd: 5, policy: 'stop' };
  const acme = { headers: { 'X-Tenant': 'acme', 'X-Roles': 'budget-admin' } };
  expect(await world.service.call('PUT', '/v1/budgets/own', { ...acme, body: budget })).toMatchObject({ status: 200 });
  const { body } = await world.service.call<any>('GET', '/v1/budgets', { headers: { 'X-Tenant': 'globex' } });
  expect(body.items).toEqual([]);
  const nobody = { headers: { 'X-Tenant': 'acme', 'X-Roles': 'clerk' } };
  expect(await world.service.call('PUT', '/v1/budgets/own', { ...nobody, body: budget })).toMatchObject({
    status: 403,
    body: { code: 'budget_admin_required' },
  });
  expect(await world.service.call('DELETE', '/v1/budgets/own', nobody)).toMatchObject({ status: 403 });
  expect(await world.service.call('DELETE', '/v1/budgets/own', acme)).toMatchObject({ status: 204 });
  expect(await world.service.call('DELETE', '/v1/budgets/own', acme)).toMatchObject({
    status: 404,
    body: { code: 'budget_not_found' },
  });
});

test('a budget that makes no sense is refused with what is wrong about it', async () => {
  const refused = { scope: 'run', window: 'day', policy: 'stop', degradeTo: 'small' };
  const { status, body } = await world.service.call('PUT', '/v1/budgets/odd', { body: refused });
  expect(status).toBe(400);
  expect(body.code).toBe('invalid_budget');
  for (const part of ['neither limitUsd nor limitTokens', "window 'run'", "policy 'degrade'"])
    expect(body.detail).toContain(part);
  const whole = { scope: 'all', window: 'day', limitUsd: 1 };
  for (const name of ['', 'x\0y', 'x\uD800y']) {
    const workflow = { ...whole, policy: 'stop', workflow: name };
    const degrade = { ...whole, policy: 'degrade', degradeTo: name };
    for (const wrong of [workflow, degrade])
      expect(await world.service.call('PUT', '/v1/budgets/odd', { body: wrong })).toMatchObject({ status: 400 });
  }
  expect(await world.service.call('GET', '/v1/usage?since=0000-01-01')).toMatchObject({ status: 400 });
});

test('a process that stops leaves no reservation', async () => {
  await world.put('all', { scope: 'all', window: 'total', limitUsd: 1, policy: 'stop' });
  await world.run('ask', 3);
  await world.service.stop();
  const rows = await world.database.query(
    `SELECT spent_usd::float AS spent, reserved_usd::float AS reserved, reserved_tokens::int AS tokens FROM holdfast.budgets`,
  );
  expect(rows).toEqual([{ spent: 0.0009, reserved: 0, tokens: 0 }]);
});

test('runs wait for what others have only reserved, and all of them end well', async () => {
  // Four calls may be made at a time, by what they may use; all of them together use less.
  await world.put('all', { scope: 'all', window: 'total', limitUsd: '0.00165', policy: 'stop' });
  const starts = Array.from({ length: 10 }, () =>
    world.service.call('POST', '/v1/workflows/Trial.askOf/runs', { body: 'reasoning' }),
  );
  world.turns.push(
    ...Array.from({ length: 10 }, () => ({
      text: 'slow',
      delayMs: 300,
      usage: { inputTokens: 100, outputTokens: 10 },
    })),
  );
  const ids = (await Promise.all(starts)).map(({ body }) => String(body.id));
  const runs = await Promise.all(ids.map((id) => world.ended(id)));
  expect(runs.map(({ status, error }) => error?.code ?? status)).toEqual(ids.map(() => 'succeeded'));
  expect(world.server.requests).toHaveLength(10);
});
