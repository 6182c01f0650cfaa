import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateText } from 'ai';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { agent, createApp, model, opening, step, tool, workflow } from '../../src/index.ts';
import { type ModelServer, startModelServer, startService, type TestService, type Turn } from '../../src/testing.ts';
import { z } from 'zod';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** What an answer costs: a hundred tokens in, and a hundred out. */
const ANSWER_USD = 0.0003;

class Trial {
  @workflow()
  static async ask(times: number): Promise<string[]> {
    const texts: string[] = [];
    for (let n = 0; n < times; n += 1) texts.push(await Trial.say(n));
    return texts;
  }

  @workflow()
  static async askOf(name: string): Promise<string> {
    return Trial.sayOf(name);
  }

  @step()
  static async say(n: number): Promise<string> {
    return say('reasoning', n);
  }

  @step()
  static async sayOf(name: string): Promise<string> {
    return say(name, 0);
  }

  @tool({ effect: 'read', description: 'Looks', input: z.object({}) })
  static async look(): Promise<string> {
    return 'nothing';
  }

  @agent({ model: 'reasoning', instructions: 'Look on.', tools: [Trial.look], limits: { turns: 50 } })
  static async lookOn(): Promise<string> {
    return opening('Look, and do not stop.');
  }
}

/** About as many tokens as the server says. */
const PLEASE = 'please '.repeat(60);

async function say(name: string, n: number): Promise<string> {
  const { text } = await generateText({
    model: model(name),
    prompt: `Say ${n}. ${PLEASE}`,
    maxOutputTokens: 100,
    maxRetries: 0,
  });
  return text;
}

const MODELS = (url: string): string => `
endpoints:
  large: { baseUrl: "${url}", model: large, price: { input: 1, output: 2, version: "2026-11" } }
  small: { baseUrl: "${url}", model: small, price: { input: 0.1, output: 0.2 } }
  free: { baseUrl: "${url}", model: free }
classes:
  reasoning: [large]
  small: [small]
  free: [free]
`;

const app = createApp({ services: [Trial] });
let folder: string;
let database: TestDatabase;
let server: ModelServer;
let service: TestService;
/** What the server does before it answers. */
let turns: Turn[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'budgets-'));
});

beforeEach(async () => {
  database = await freshDatabase();
  turns = [];
  server = await startModelServer(
    (_request, n) => turns.shift() ?? { text: `answer ${n}`, usage: { inputTokens: 100, outputTokens: 100 } },
  );
  const file = join(folder, 'models.yaml');
  writeFileSync(file, MODELS(server.url));
  const models = { file, isRequired: true, variable: () => undefined };
  service = await startService({ app, databaseUrl: database.url, config: { models } });
});

afterEach(async () => {
  await service?.stop();
  await server?.close();
  await database?.drop();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function put(name: string, body: object): Promise<void> {
  const answer = await service.call('PUT', `/v1/budgets/${name}`, { body });
  expect(answer).toMatchObject({ status: 200, body: { name } });
}

async function run(workflow: string, input: unknown): Promise<Record<string, any>> {
  const { status, body } = await service.call('POST', `/v1/workflows/Trial.${workflow}/runs`, { body: input });
  expect(status).toBeLessThan(300);
  return ended(String(body.id));
}

async function ended(id: string): Promise<Record<string, any>> {
  return until('the end of the run', async () => {
    const { body } = await service.call('GET', `/v1/runs/${id}`);
    return ['succeeded', 'failed'].includes(String(body.status)) ? body : undefined;
  });
}

const spent = async (name: string): Promise<any> =>
  (await service.call<any>('GET', `/v1/budgets/${name}`)).body.spending[0];

test('stop: a run ends when its budget is spent, and not before', async () => {
  await put('each', { scope: 'run', window: 'run', limitUsd: 0.0011, policy: 'stop' });
  const stopped = await run('ask', 10);
  expect(stopped).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
  expect(stopped.error.message).toContain("the budget 'each'");
  expect(server.requests.length).toBeGreaterThanOrEqual(2);
  expect(server.requests.length * ANSWER_USD).toBeLessThanOrEqual(0.0011);
  expect(await run('ask', 1)).toMatchObject({ status: 'succeeded' });
});

test('a call is told how long its answer may be at most', async () => {
  await put('all', { scope: 'all', window: 'month', limitTokens: 100_000, policy: 'stop' });
  expect(await run('lookOn', undefined)).toMatchObject({ status: 'succeeded', error: null });
  expect(server.requests[0]!.body.max_tokens).toBe(4096);
});

test('degrade: calls go on in the class that the budget names, and the choice says so', async () => {
  await put('dear', { scope: 'tenant', window: 'day', limitUsd: '0.0008', policy: 'degrade', degradeTo: 'small' });
  expect(await run('ask', 4)).toMatchObject({ status: 'succeeded' });
  const models = server.requests.map(({ body }) => body.model);
  expect(models[0]).toBe('large');
  expect(models.at(-1)).toBe('small');
  const rows = await database.query(
    `SELECT class, choice FROM holdfast.model_calls WHERE endpoint = 'small' ORDER BY started_at LIMIT 1`,
  );
  expect(rows[0]).toMatchObject({ choice: { degradedFrom: 'reasoning', because: 'budget dear' } });
});

test('alert: calls go on, and the budget says when it was crossed', async () => {
  await put('quiet', {
    scope: 'workflow',
    workflow: 'Trial.ask',
    window: 'total',
    limitUsd: '0.0004',
    policy: 'alert',
  });
  expect(await run('ask', 4)).toMatchObject({ status: 'succeeded' });
  await until('the count', async () => Number((await spent('quiet')).spentUsd) > 0.0011);
  expect(await spent('quiet')).toMatchObject({ subject: 'Trial.ask', spentUsd: '0.0012' });
  expect((await spent('quiet')).alertedAt).not.toBeNull();
});

test('ask: runs wait for people; one yes raises the budget for all that wait for it', async () => {
  await put('asked', { scope: 'all', window: 'total', limitUsd: '0.001', policy: 'ask', approval: { role: 'boss' } });
  const starts = [0, 1, 2].map(() => service.call('POST', '/v1/workflows/Trial.ask/runs', { body: 2 }));
  const ids = (await Promise.all(starts)).map(({ body }) => String(body.id));
  const questions = await until('the questions', async () => {
    const { body } = await service.call<any>('GET', '/v1/approvals?status=pending');
    return body.items.length > 0 && body.items;
  });
  expect(questions[0]).toMatchObject({ role: 'boss', tool: null });
  expect(questions[0].question).toMatch(
    /^May the budget 'asked', of which .+ USD is spent, be raised by 0\.001 USD\?$/,
  );
  await service.call('POST', `/v1/approvals/${questions[0].id}`, { body: { decision: 'approve' } });
  for (const id of ids) {
    const done = await until('the end, with what else is asked', async () => {
      const { body: open } = await service.call<any>('GET', '/v1/approvals?status=pending');
      for (const { id: other } of open.items)
        await service.call('POST', `/v1/approvals/${other}`, { body: { decision: 'approve' } });
      const { body } = await service.call('GET', `/v1/runs/${id}`);
      return body.status === 'succeeded' || body.status === 'failed' ? body : undefined;
    });
    expect(done).toMatchObject({ status: 'succeeded' });
  }
  expect(server.requests).toHaveLength(6);
});

test('ask: a no ends the run', async () => {
  await put('asked', { scope: 'run', window: 'run', limitUsd: '0.0004', policy: 'ask' });
  const { body } = await service.call('POST', '/v1/workflows/Trial.ask/runs', { body: 3 });
  const question = await until('the question', async () => {
    const { body: open } = await service.call<any>('GET', `/v1/approvals?run=${String(body.id)}`);
    return open.items[0];
  });
  await service.call('POST', `/v1/approvals/${question.id}`, { body: { decision: 'reject', comment: 'Enough.' } });
  const failed = await ended(String(body.id));
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
  expect(failed.error.message).toContain('Enough.');
});

test('an endpoint without a price is refused, unless the budget allows it', async () => {
  const budget = { scope: 'all', window: 'day', limitUsd: 1, policy: 'stop' };
  await put('all', budget);
  expect(await run('askOf', 'free')).toMatchObject({ status: 'failed', error: { code: 'budget_price_unknown' } });
  expect(server.requests).toHaveLength(0);
  await put('all', { ...budget, allowUnpriced: true });
  expect(await run('askOf', 'free')).toMatchObject({ status: 'succeeded' });
  expect(await run('askOf', 'local')).toMatchObject({ status: 'succeeded' });
});

test('what a provider may have charged for counts as estimated, and what it has refused does not', async () => {
  await put('all', { scope: 'all', window: 'total', limitUsd: 1, policy: 'stop' });
  turns.push({ reset: true }, { status: 429 }, { status: 400 }, { cutAfterBytes: 20 });
  for (let n = 0; n < 4; n += 1) expect(await run('askOf', 'small')).toMatchObject({ status: 'failed' });
  const rows = await until('the count', async () => {
    const found = await database.query(
      `SELECT state, is_estimated AS estimated, cost_usd = estimated_usd AS full, cost_usd = 0 AS nothing
         FROM holdfast.model_calls WHERE is_counted ORDER BY started_at`,
    );
    return found.length === 4 && found;
  });
  const charged = { state: 'failed', estimated: true, full: true, nothing: false };
  const refused = { state: 'failed', estimated: false, full: false, nothing: true };
  expect(rows).toEqual([charged, refused, refused, charged]);
});

test('a run says what its calls have used and cost, and so do its steps', async () => {
  const { id, usage } = await run('ask', 2);
  const both = { calls: 2, inputTokens: 200, cachedInputTokens: 0, outputTokens: 200, costUsd: '0.0006' };
  expect(usage).toEqual({ ...both, isEstimated: false });
  const { body } = await service.call<any>('GET', `/v1/runs/${id}/steps`);
  expect(body.items.map((item: any) => item.usage?.costUsd)).toEqual(['0.0003', '0.0003']);
  expect((await run('ask', 0)).usage).toBeNull();
});

test('what was used is summed up by what one asks for', async () => {
  await run('ask', 2);
  await run('askOf', 'small');
  const sums = await until('the sums', async () => {
    const { body } = await service.call<any>('GET', '/v1/usage?by=model,workflow');
    return body.items.length === 2 && body.items;
  });
  expect(sums).toMatchObject([
    { model: 'large', workflow: 'Trial.ask', calls: 2, inputTokens: 200, outputTokens: 200, costUsd: '0.0006' },
    { model: 'small', workflow: 'Trial.askOf', calls: 1, costUsd: '0.00003' },
  ]);
  const { body: other } = await service.call<any>('GET', '/v1/usage', { headers: { 'X-Tenant': 'acme' } });
  expect(other.items).toEqual([]);
  expect(await service.call('GET', '/v1/usage?by=colour')).toMatchObject({ status: 400 });
  expect(await service.call('GET', '/v1/usage?since=yesterday')).toMatchObject({ status: 400 });
});

test('budgets belong to whoever has set them, who needs the role for it', async () => {
  const budget = { scope: 'tenant', window: 'month', limitUsd: 5, policy: 'stop' };
  const acme = { headers: { 'X-Tenant': 'acme', 'X-Roles': 'budget-admin' } };
  expect(await service.call('PUT', '/v1/budgets/own', { ...acme, body: budget })).toMatchObject({ status: 200 });
  const { body } = await service.call<any>('GET', '/v1/budgets', { headers: { 'X-Tenant': 'globex' } });
  expect(body.items).toEqual([]);
  const nobody = { headers: { 'X-Tenant': 'acme', 'X-Roles': 'clerk' } };
  expect(await service.call('PUT', '/v1/budgets/own', { ...nobody, body: budget })).toMatchObject({
    status: 403,
    body: { code: 'budget_admin_required' },
  });
  expect(await service.call('DELETE', '/v1/budgets/own', nobody)).toMatchObject({ status: 403 });
  expect(await service.call('DELETE', '/v1/budgets/own', acme)).toMatchObject({ status: 204 });
  expect(await service.call('DELETE', '/v1/budgets/own', acme)).toMatchObject({
    status: 404,
    body: { code: 'budget_not_found' },
  });
});

test('a budget that makes no sense is refused with what is wrong about it', async () => {
  const refused = { scope: 'run', window: 'day', policy: 'stop', degradeTo: 'small' };
  const { status, body } = await service.call('PUT', '/v1/budgets/odd', { body: refused });
  expect(status).toBe(400);
  expect(body.code).toBe('invalid_budget');
  for (const part of ['neither limitUsd nor limitTokens', "window 'run'", "policy 'degrade'"])
    expect(body.detail).toContain(part);
});

test('a process that stops leaves no reservation', async () => {
  await put('all', { scope: 'all', window: 'total', limitUsd: 1, policy: 'stop' });
  await run('ask', 3);
  await service.stop();
  const rows = await database.query(
    `SELECT spent_usd::float AS spent, reserved_usd::float AS reserved, reserved_tokens::int AS tokens FROM holdfast.budgets`,
  );
  expect(rows).toEqual([{ spent: 0.0009, reserved: 0, tokens: 0 }]);
});
