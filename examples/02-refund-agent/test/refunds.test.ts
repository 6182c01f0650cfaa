import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  type ScriptedModel,
  scriptedModel,
  type ServiceOptions,
  startService,
  type TestService,
  type Turn,
} from 'holdfast/testing';
import { freshDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import app from '../app.ts';
import { serveShop, Shop } from '../shop.ts';

let database: TestDatabase;
let service: TestService;
let server: Server;
let shop: Shop;
let model: ScriptedModel;

const models: ServiceOptions['models'] = {
  model: () => model,
};

beforeAll(async () => {
  database = await freshDatabase();
  service = await startService({ app, databaseUrl: database.url, models });
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

beforeEach(async () => {
  shop = new Shop();
  server = await serveShop(shop, 0);
  vi.stubEnv('SHOP_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(() => server.close());

const call = (name: string, args: unknown) => ({ name, args });
const ticket = { customer: 'customer7@example.com', text: 'My order A-7 came broken.' };

async function resolve(script: Turn[]): Promise<Record<string, any>> {
  model = scriptedModel(script);
  const headers = { Prefer: 'wait=20' };
  return (
    await service.call<Record<string, any>>('POST', '/v1/workflows/Refunds.resolve/runs', { body: ticket, headers })
  ).body;
}

const REFUND = [
  { toolCalls: [call('findOrder', { orderId: 'A-7' })] },
  {
    toolCalls: [call('refund', { orderId: 'A-7', cents: 700 }), call('note', { orderId: 'A-7', text: 'Came broken.' })],
  },
  { toolCalls: [call('sendLetter', { to: ticket.customer, text: 'You get 7.00 back.' })] },
];

test('a ticket is resolved with tools of every effect, each done once', async () => {
  const resolution = { outcome: 'refunded', cents: 700, reason: 'It came broken.' };
  const run = await resolve([...REFUND, { json: resolution }]);
  expect(run).toMatchObject({ status: 'succeeded', result: resolution });
  expect(shop.paidBack('A-7')).toBe(700);
  expect([...shop.letters.values()]).toMatchObject([{ to: ticket.customer }]);
  expect(await database.query('SELECT order_id, note FROM order_notes')).toEqual([
    { order_id: 'A-7', note: 'Came broken.' },
  ]);
  const { body } = await service.call<{ items: { role: string }[] }>('GET', `/v1/runs/${run.id}/transcript`);
  expect(body.items.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'tool',
    'assistant',
    'tool',
    'assistant',
  ]);
  const effects = await database.query('SELECT tool, state FROM holdfast.effects WHERE run_id = $1 ORDER BY tool', [
    run.id,
  ]);
  expect(effects).toEqual([
    { tool: 'Refunds.refund', state: 'answered' },
    { tool: 'Refunds.sendLetter', state: 'answered' },
  ]);
});

test('what the shop refuses goes back to the model, which may do otherwise', async () => {
  const declined = { outcome: 'declined', cents: 0, reason: 'More than was paid.' };
  const run = await resolve([{ toolCalls: [call('refund', { orderId: 'A-7', cents: 70_000 })] }, { json: declined }]);
  expect(run).toMatchObject({ status: 'succeeded', result: declined });
  expect(JSON.stringify(model.calls[1]!.prompt)).toContain('that is more than was paid');
  expect(shop.refunds.size).toBe(0);
});

test('an agent that fails takes its refund back', async () => {
  const endless = Array.from({ length: 25 }, (_, n) => ({ toolCalls: [call('findOrder', { orderId: `A-${n + 1}` })] }));
  const run = await resolve([{ toolCalls: [call('refund', { orderId: 'A-7', cents: 700 })] }, ...endless]);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'agent_turn_limit' } });
  await until('the refund is taken back', () => shop.paidBack('A-7') === 0);
  expect([...shop.refunds.values()]).toMatchObject([{ cents: 700, isReversed: true }]);
});
