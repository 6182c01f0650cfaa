// A model that tells long stories slowly, and never the same twice. What it sends is cut anywhere, in the middle of characters too. In the
// middle of its stories it waits until it is told to go on.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from './random.ts';

export interface NarratorModel {
  url: string;
  /** How often each turn of each story was asked for, by `<story> <turn>`. */
  readonly asked: ReadonlyMap<string, number>;
  /** From now on it goes on. */
  goOn(): void;
  close(): void;
}

interface Telling {
  asked: Map<string, number>;
  mayGoOn: PromiseWithResolvers<void>;
}

interface Message {
  role: string;
  content: unknown;
}

const WORDS = [
  'once ',
  'upon ',
  'a time ',
  'naïve ',
  'Ærøskøbing ',
  '日本語 ',
  '🌧️ ',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  'שלום ',
  '"quoted" ',
  '\\',
  '\n',
  '\n\n',
  'data: x\n',
  'event: end\n\n',
  '𝒜',
  '\u2028',
  '\t',
  'the end. ',
];
const WORDS_OF_TURN = 120;
const EVERY_MS = 100;
const BYTES = 700;

/** Starts it on loopback. */
export async function startNarratorModel(): Promise<NarratorModel> {
  const telling: Telling = { asked: new Map(), mayGoOn: Promise.withResolvers() };
  const server = createServer((request, response) => {
    answer(request, response, telling).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: telling.asked,
    goOn: telling.mayGoOn.resolve,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, telling: Telling): Promise<void> {
  const { asked, mayGoOn } = telling;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { messages: Message[] };
  const story = /Story (\w+)/.exec(JSON.stringify(messages.find(({ role }) => role === 'user')?.content))![1]!;
  const turn = messages.filter(({ role }) => role === 'assistant').length;
  const question = `${story} ${turn}`;
  const attempt = (asked.get(question) ?? 0) + 1;
  asked.set(question, attempt);
  const body = Buffer.from(streamed(wordsOf(question, attempt), turn === 0));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let at = 0; at < body.length && !response.destroyed; at += BYTES) {
    response.write(body.subarray(at, at + BYTES));
    if (at > body.length / 2) await mayGoOn.promise;
    await delay(EVERY_MS);
  }
  response.end();
}

function wordsOf(question: string, attempt: number): string[] {
  const random = randomFrom([...question].reduce((sum, letter) => sum * 31 + letter.codePointAt(0)!, attempt));
  const words = Array.from({ length: WORDS_OF_TURN }, () => WORDS[Math.floor(random() * WORDS.length)]!);
  return [`${question}, told for time ${attempt}: `, ...words];
}

/** The answer as OpenAI streams it. */
function streamed(words: readonly string[], callsTool: boolean): string {
  const chunk = (delta: object, finish: string | null = null): object => ({
    id: 'story',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'narrator',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const call = { name: 'lookUp', arguments: '{"about":"The sea"}' };
  const chunks = [
    ...words.map((content) => chunk({ role: 'assistant', content })),
    ...(callsTool ? [chunk({ tool_calls: [{ index: 0, id: 'call', type: 'function', function: call }] })] : []),
    chunk({}, callsTool ? 'tool_calls' : 'stop'),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 9, completion_tokens: 90, total_tokens: 99 } },
  ];
  return `${chunks.map((item) => `data: ${JSON.stringify(item)}\n\n`).join('')}data: [DONE]\n\n`;
}
