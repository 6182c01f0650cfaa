// A server that answers in its own way, and the model in front of it.

import { tool } from 'ai';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createOpenAIModel, type StructuredOutput } from '../../../src/inference/models/openai.ts';
import {
  type ChatRequest,
  type ModelServer,
  type RecordedRequest,
  startModelServer,
} from '../../../src/testing/model-server.ts';
import type { Script, Turn } from '../../../src/testing/scripted-model.ts';

let server: ModelServer;

/** Starts a server for the calling test, and returns its model. */
export async function serving(script: Script<ChatRequest>, structured?: StructuredOutput) {
  server = await startModelServer(script);
  onTestFinished(server.close);
  return createOpenAIModel({ baseUrl: server.url, model: 'm-1', structured });
}

/** Where the server is. */
export function url(): string {
  return server.url;
}

/** What the server was asked so far. */
export function requests(): RecordedRequest[] {
  return server.requests;
}

export const tools = {
  tide: tool({ description: 'tide table', inputSchema: z.object({ port: z.string().optional() }) }),
  moon: tool({ description: 'phase of the moon', inputSchema: z.object({}) }),
};

/** A whole answer with this message. */
export const answer = (message: object, more: object = {}): Turn => ({
  body: { id: 'x', created: 1, model: 'm-1', choices: [{ index: 0, message, finish_reason: 'stop', ...more }] },
});
/** A call of a tool. */
export const call = (fields: object, more: object = {}) => ({ id: 'c1', type: 'function', function: fields, ...more });
export const tideAt = (port: string) => call({ name: 'tide', arguments: JSON.stringify({ port }) });
