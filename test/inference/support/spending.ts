// A service with models that cost something, on a database of its own: what the tests of budgets and usage are made on.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateText } from 'ai';
import { expect } from 'vitest';
import { z } from 'zod';
import { agent, createApp, model, opening, step, tool, workflow } from '../../../src/index.ts';
import { type ModelServer, startModelServer, startService, type TestService, type Turn } from '../../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

/** What an answer costs: a hundred tokens in, and a hundred out. */
export const ANSWER_USD = 0.0003;

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

export interface Spending {
  database: TestDatabase;
  server: ModelServer;
  service: TestService;
  /** What the server does before it answers. */
  turns: Turn[];
  /** Sets a budget. */
  put(name: string, body: object): Promise<void>;
  /** Runs a workflow of `Trial` to its end. */
  run(workflow: string, input: unknown): Promise<Record<string, any>>;
  ended(id: string): Promise<Record<string, any>>;
  close(): Promise<void>;
}

/** Starts the service. */
export async function openSpending(): Promise<Spending> {
  const folder = mkdtempSync(join(tmpdir(), 'budgets-'));
  const database = await freshDatabase();
  const turns: Turn[] = [];
  const server = await startModelServer(
    (_request, n) => turns.shift() ?? { text: `answer ${n}`, usage: { inputTokens: 100, outputTokens: 100 } },
  );
  const file = join(folder, 'models.yaml');
  writeFileSync(file, MODELS(server.url));
  const models = { file, isRequired: true, variable: () => undefined };
  const service = await startService({ app, databaseUrl: database.url, config: { models } });
  const ended = async (id: string): Promise<Record<string, any>> =>
    until('the end of the run', async () => {
      const { body } = await service.call('GET', `/v1/runs/${id}`);
      return ['succeeded', 'failed'].includes(String(body.status)) ? body : undefined;
    });
  return {
    database,
    server,
    service,
    turns,
    ended,
    put: async (name, body) => {
      const answer = await service.call('PUT', `/v1/budgets/${name}`, { body });
      expect(answer).toMatchObject({ status: 200, body: { name } });
    },
    run: async (name, input) => {
      const { status, body } = await service.call('POST', `/v1/workflows/Trial.${name}/runs`, { body: input });
      expect(status).toBeLessThan(300);
      return ended(String(body.id));
    },
    close: async () => {
      await service.stop();
      await server.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
