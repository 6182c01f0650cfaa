// The scripted model server, seen by a plain HTTP client.

import { afterEach, expect, test } from 'vitest';
import {
  type ChatRequest,
  type ModelServer,
  type ModelServerOptions,
  startModelServer,
} from '../../src/testing/model-server.ts';
import type { Script } from '../../src/testing/scripted-model.ts';

let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(script: Script<ChatRequest>, options?: ModelServerOptions): Promise<ModelServer> {
  server = await startModelServer(script, options);
  return server;
}

function chat(url: string, body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const messages = [{ role: 'user', content: 'Tides?' }];
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', messages, ...body }),
  });
}

test('an answer in the OpenAI format', async () => {
  const { url, requests } = await serve([{ text: 'Ebb.', usage: { inputTokens: 5, outputTokens: 2 } }]);
  const response = await chat(url, {}, { 'x-trace': 'abc' });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Ebb.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  });
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({ body: { model: 'm' }, headers: { 'x-trace': 'abc' } });
});

test('a stream of events ends with its usage and [DONE]', async () => {
  const { url } = await serve([{ text: 'one two', toolCalls: [{ name: 'f', args: { a: 1 } }] }]);
  const response = await chat(url, { stream: true, stream_options: { include_usage: true } });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = (await response.text())
    .trim()
    .split('\n\n')
    .map((line) => line.replace(/^data: /, ''));
  expect(events.at(-1)).toBe('[DONE]');
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event));
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean)).toEqual(['one ', 'two']);
  const pieces = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
  expect(pieces[0]).toMatchObject({ index: 0, id: 'call_0_0', function: { name: 'f' } });
  expect(pieces.map((piece) => piece.function.arguments).join('')).toBe('{"a":1}');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } });
  expect(chunks.at(-2).choices[0].finish_reason).toBe('tool_calls');
});

test('structured output that the script does not give is the emptiest valid one', async () => {
  const { url } = await serve([{}]);
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer', minimum: 2 }, list: { type: 'array' } },
    required: ['n', 'list'],
  };
  const response = await chat(url, { response_format: { type: 'json_schema', json_schema: { name: 'r', schema } } });
  const { choices } = (await response.json()) as any;
  expect(JSON.parse(choices[0].message.content)).toEqual({ n: 2, list: [] });
});

test('a script may be a function of the request and its number', async () => {
  const { url } = await serve((request, n) => ({ text: `${n} ${request.model}` }));
  await chat(url);
  const { choices } = (await (await chat(url, { model: 'other' })).json()) as any;
  expect(choices[0].message.content).toBe('1 other');
});

test('a refusal with its wait', async () => {
  const { url } = await serve([{ status: 429, retryAfter: 12 }]);
  const response = await chat(url);
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '12']);
  expect(await response.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
});

test('one request too many, a script that throws, and a wrong body are 400', async () => {
  const { url } = await serve((_request, n) => {
    if (n > 0) throw new Error('no such turn');
    return { text: 'first' };
  });
  expect((await chat(url)).status).toBe(200);
  expect((await chat(url)).status).toBe(400);
  expect((await fetch(`${url}/chat/completions`, { method: 'POST', body: '{' })).status).toBe(400);
  await server!.close();
  const empty = await serve([]);
  expect(await (await chat(empty.url)).json()).toMatchObject({ error: { code: 'script_exhausted' } });
});

test('a reset, a half-closed answer and a half-closed stream', async () => {
  const { url } = await serve([
    { reset: true },
    { text: 'a long answer', cutAfterBytes: 30 },
    { text: 'a long answer', cutAfterBytes: 200 },
  ]);
  await expect(chat(url)).rejects.toThrow('fetch failed');
  await expect(chat(url).then((response) => response.text())).rejects.toThrow('terminated');
  const stream = await chat(url, { stream: true });
  const reader = stream.body!.getReader();
  expect(Buffer.from((await reader.read()).value ?? '').toString()).toMatch(/^data: /);
  await expect(reader.read()).rejects.toThrow('terminated');
});

test('closing ends requests that hang or wait', async () => {
  const { url, requests } = await serve([{ hang: true }, { delayMs: 60_000, text: 'late' }]);
  const calls = [chat(url), chat(url)].map((call) => call.catch((error: unknown) => error));
  await expect.poll(() => requests.length).toBe(2);
  await server!.close();
  for (const outcome of await Promise.all(calls)) expect(outcome).toBeInstanceOf(Error);
});

test('the list of models, the key, and other paths', async () => {
  const { url } = await serve([], { apiKey: 'sk-1', models: ['m-1', 'm-2'] });
  expect((await fetch(`${url}/models`)).status).toBe(401);
  const headers = { authorization: 'Bearer sk-1' };
  const list = (await (await fetch(`${url}/models`, { headers })).json()) as any;
  expect(list.data.map((model: { id: string }) => model.id)).toEqual(['m-1', 'm-2']);
  expect((await fetch(`${url}/embeddings`, { headers })).status).toBe(404);
});

test('a bench does not keep its requests', async () => {
  const { url, requests } = await serve(() => ({ text: 'ok' }), { record: false });
  await Promise.all(Array.from({ length: 50 }, () => chat(url).then((response) => response.json())));
  expect(requests).toEqual([]);
});
