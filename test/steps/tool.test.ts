import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { callTool, tool, type ToolContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

/** A shop that counts what it is asked by key, and loses the answers that it is told to lose. */
const shop = { url: '', charges: new Map<string, number>(), loses: 0, keys: [] as (string | undefined)[] };

const server = createServer((request: IncomingMessage, response) => {
  const key = request.headers['idempotency-key'] as string | undefined;
  shop.keys.push(key);
  if (request.method === 'POST') shop.charges.set(key!, (shop.charges.get(key!) ?? 0) + 1);
  if (shop.loses > 0) {
    shop.loses -= 1;
    request.socket.destroy();
  } else response.end(JSON.stringify({ charged: true, trace: request.headers.traceparent }));
});

const Amount = z.object({ cents: z.number().int().positive() });
const charge = ({ cents }: z.output<typeof Amount>, { fetch }: ToolContext): Promise<Response> =>
  fetch(`${shop.url}/charges`, { method: 'POST', body: JSON.stringify({ cents }) });

class Shop {
  @workflow({ input: z.object({ tool: z.string(), cents: z.unknown() }) })
  static async call({ tool: name, cents }: { tool: string; cents: unknown }): Promise<unknown> {
    const method = Shop[name as 'look'];
    try {
      return await callTool(method, { cents } as { cents: number });
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { code, message };
    }
  }

  @tool({ effect: 'read', description: 'Look', input: Amount, retries: { attempts: 3, backoff: { initial: 1 } } })
  static async look(_args: { cents: number }, { fetch }: ToolContext): Promise<unknown> {
    return (await fetch(`${shop.url}/charges`)).json();
  }

  @tool({ effect: 'transactional', description: 'Note', input: Amount })
  static async note({ cents }: { cents: number }, { db, idempotencyKey }: ToolContext): Promise<string> {
    await db('notes').insert({ key: idempotencyKey, cents });
    if (cents === 13) throw new Error('unlucky');
    return idempotencyKey;
  }

  @tool({ effect: 'transactional', description: 'Send in a transaction', input: Amount })
  static async send(args: { cents: number }, context: ToolContext): Promise<number> {
    return (await charge(args, context)).status;
  }

  @tool({ effect: 'irreversible', description: 'Charge', input: Amount, acknowledged: 'a test' })
  static async charge(args: { cents: number }, context: ToolContext): Promise<unknown> {
    return (await charge(args, context)).status;
  }

  @tool({
    effect: 'irreversible',
    description: 'Charge',
    input: Amount,
    acknowledged: 'a test',
    reconcile: async (key) => (shop.charges.has(key) ? 'found' : undefined),
  })
  static async chargeAndAsk(args: { cents: number }, context: ToolContext): Promise<string> {
    return String((await charge(args, context)).status);
  }
}

const served = serve({ services: [Shop] });

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await served.database.query('CREATE TABLE notes (key text PRIMARY KEY, cents int NOT NULL)');
});
afterAll(() => server.close());
beforeEach(() => {
  shop.charges.clear();
  shop.keys = [];
  shop.loses = 0;
});

const call = (tool: string, cents: unknown): Promise<Record<string, unknown>> =>
  served.run('Shop.call', { tool, cents });

test('a tool that reads carries its trace and no key, and is done again when its answer is lost', async () => {
  shop.loses = 2;
  const { result } = await call('look', 1);
  expect(result).toMatchObject({ charged: true, trace: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) });
  expect(shop.keys).toEqual([undefined, undefined, undefined]);
});

test('what a transactional tool writes commits with its checkpoint, or not at all', async () => {
  const { result } = await call('note', 5);
  const notes = await served.database.query('SELECT * FROM notes WHERE cents = 5');
  expect(notes).toEqual([{ key: result, cents: 5 }]);
  expect((await call('note', 13)).result).toMatchObject({ message: 'unlucky' });
  expect(await served.database.query('SELECT * FROM notes WHERE cents = 13')).toEqual([]);
});

test('a transactional tool cannot send anything', async () => {
  expect((await call('send', 5)).result).toMatchObject({ code: 'fetch_in_transaction' });
  expect(shop.keys).toEqual([]);
});

test('arguments that do not fit are refused before anything is done, naming the field', async () => {
  expect((await call('charge', -1)).result).toMatchObject({
    code: 'invalid_tool_arguments',
    message: expect.stringContaining('/cents'),
  });
  expect(shop.keys).toEqual([]);
});

test('an irreversible tool sends a key once', async () => {
  expect((await call('charge', 5)).result).toBe(200);
  expect([...shop.charges.values()]).toEqual([1]);
});

test('what became of a lost answer is found out where the tool can, and nothing is sent again', async () => {
  shop.loses = 1;
  expect((await call('chargeAndAsk', 5)).result).toBe('found');
  expect([...shop.charges.values()]).toEqual([1]);
});

test('a run whose irreversible effect is unknown is held, and sends it again with its key once a person releases it', async () => {
  shop.loses = 1;
  const { body } = await served.call<{ id: string }>('POST', '/v1/workflows/Shop.call/runs', {
    body: { tool: 'charge', cents: 7 },
  });
  const status = async (): Promise<Record<string, any>> => (await served.call('GET', `/v1/runs/${body.id}`)).body;
  await until('the run is held', async () => (await status()).status === 'held');
  expect((await status()).held).toMatchObject({
    reason: 'unknown_effect',
    message: expect.stringContaining('never answered'),
  });
  await served.call('POST', `/v1/runs/${body.id}/release`);
  await until('the run has ended', async () => (await status()).status === 'succeeded');
  expect([...shop.charges.values()]).toEqual([2]);
});

test('a tool cannot be called outside of a run', async () => {
  await expect(callTool(Shop.look, { cents: 1 })).rejects.toMatchObject({ code: 'not_in_workflow' });
});
