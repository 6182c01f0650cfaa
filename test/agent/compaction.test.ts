import { expect, test } from 'vitest';
import { z } from 'zod';
import { agent, opening, tool } from '../../src/index.ts';
import type { Turn } from '../../src/testing.ts';
import { serve } from '../support/serve.ts';
import { askedWith } from './support/desk.ts';
import { models, prepare } from './support/models.ts';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

const Page = z.object({ page: z.int(), characters: z.int() });

class Library {
  @tool({ effect: 'read', description: 'Read a page', input: Page })
  static async read({ page, characters }: z.output<typeof Page>): Promise<string> {
    return `Page ${page}: ${'word '.repeat(characters / 5)}`;
  }

  @agent({
    model: 'reader',
    instructions: 'Read.',
    tools: [Library.read],
    context: { tokens: 2000 },
    limits: { tokens: 100_000 },
  })
  static async study(task: string): Promise<string> {
    return opening(task);
  }
}

const served = serve({ services: [Library] }, { models, config: { graceMs: 50 } });

const isSummary = ({ prompt }: LanguageModelV4CallOptions): boolean =>
  JSON.stringify(prompt[0]).includes('You shorten');

/** Reads pages, two at a time, until there are enough; summaries are numbered. */
function reader(pages: number, characters: number, summaries: string[], first = characters) {
  return readerOf(pages, (page) => (page <= 2 ? first : characters), summaries);
}

function readerOf(
  pages: number,
  charactersOf: (page: number) => number,
  summaries: string[],
): (request: LanguageModelV4CallOptions) => Turn {
  let next = 0;
  const call = () => ({ name: 'read', args: { page: (next += 1), characters: charactersOf(next) } });
  return (request) => {
    if (isSummary(request)) return { text: `Summary ${summaries.push(JSON.stringify(request.prompt))}.` };
    if (next >= pages) return { text: 'All read.' };
    return { toolCalls: [call(), call()] };
  };
}

async function stepsOf(runId: unknown): Promise<string[]> {
  const rows = await served.database.query<{ name: string }>(
    'SELECT name FROM holdfast.steps WHERE run_id = $1 ORDER BY step_id',
    [runId],
  );
  return rows.map(({ name }) => name);
}

test('a long conversation is told by a summary and what was said last; the transcript has it all', async () => {
  const summaries: string[] = [];
  const { reader: model } = prepare({ reader: reader(24, 900, summaries) });
  const run = await served.run('Library.study', 'Read them all.');
  expect(run).toMatchObject({ status: 'succeeded', result: 'All read.' });
  expect(summaries.length).toBeGreaterThanOrEqual(2);
  expect((await stepsOf(run.id)).filter((name) => name === 'compact')).toHaveLength(summaries.length);
  // What a summary stands for is in it, and the next one has it from there.
  expect(summaries[0]).toContain('Page 1: word');
  expect(summaries[1]).toContain('Summary 1.');

  const asked = model!.calls.map((_, n) => askedWith(model!, n)).filter((_, n) => !isSummary(model!.calls[n]!));
  for (const messages of asked) {
    expect(messages[0]).toMatchObject({ role: 'user', content: [{ text: 'Read them all.' }] });
    const parts = messages.flatMap(({ content }): any[] => content);
    const ids = (type: string) => parts.filter((part) => part.type === type).map(({ toolCallId }) => toolCallId);
    expect(ids('tool-result')).toEqual(ids('tool-call'));
    // As the model counts: a little more than was estimated.
    expect(JSON.stringify(messages).length / 4).toBeLessThan(2300);
  }
  expect(JSON.stringify(asked.at(-1))).toMatch(/in short .*Summary \d\./);
  expect(JSON.stringify(asked.at(-1))).not.toContain('Page 1: word');
  expect(JSON.stringify(asked.at(-1))).toContain('Page 24: word');

  const { body } = await served.call<{ items: any[] }>('GET', `/v1/runs/${String(run.id)}/transcript`);
  const results = body.items.filter(({ role }) => role === 'tool').flatMap(({ content }) => content);
  expect(results.map(({ output }) => /^Page \d+/.exec(output.value)?.[0])).toEqual(
    Array.from({ length: 24 }, (_, n) => `Page ${n + 1}`),
  );
  expect(results.every(({ output }) => output.value.length > 900)).toBe(true);
});

test('a summary is made once: after a restart the same is told', async () => {
  const summaries: string[] = [];
  const read = reader(8, 900, summaries);
  const reached = Promise.withResolvers<void>();
  let hung: LanguageModelV4CallOptions | undefined;
  const { reader: model } = prepare({
    reader: (request) => {
      if (isSummary(request) || summaries.length === 0 || hung) return read(request);
      hung = request;
      reached.resolve();
      return { hang: true };
    },
  });
  const { body } = await served.call('POST', '/v1/workflows/Library.study/runs', { body: 'Read eight pages.' });
  await reached.promise;
  await served.restart();
  const { body: ended } = await served.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'All read.' });
  const again = model!.calls[model!.calls.indexOf(hung!) + 1]!;
  expect(again.prompt).toEqual(hung!.prompt);
  expect(model!.calls.filter(isSummary)).toHaveLength(summaries.length);
});

test('old results of tools are shortened first, which takes no summary', async () => {
  const summaries: string[] = [];
  // What is left of the first pages is short, so that there is room for the next ones.
  const { reader: model } = prepare({ reader: reader(6, 300, summaries, 3000) });
  const run = await served.run('Library.study', 'Read six pages.');
  expect(run).toMatchObject({ status: 'succeeded' });
  expect(summaries).toEqual([]);
  const last = askedWith(model!, model!.calls.length - 1);
  expect(JSON.stringify(last)).toMatch(/Page 1: word[^"]*more characters are left out here/);
});

test('a result that is larger than the budget is told by its beginning', async () => {
  const { reader: model } = prepare({ reader: reader(2, 50_000, []) });
  expect(await served.run('Library.study', 'Read much.')).toMatchObject({ status: 'succeeded' });
  const told = JSON.stringify(askedWith(model!, 1));
  expect(told.length).toBeLessThan(8000);
  // Of both there is as much as there is room for.
  expect([...told.matchAll(/Page \d: (?:word )*/g)].map(([text]) => text.length > 1000)).toEqual([true, true]);
});

test('a model that writes no summary is asked again', async () => {
  let empty = 0;
  const read = reader(12, 900, []);
  prepare({ reader: (request) => (isSummary(request) && (empty += 1) === 1 ? { text: ' ' } : read(request)) });
  const run = await served.run('Library.study', 'Read twelve pages.');
  expect(run).toMatchObject({ status: 'succeeded' });
  const attempts = await served.database.query('SELECT step, code FROM holdfast.attempts WHERE run_id = $1', [run.id]);
  expect(attempts).toEqual([{ step: 'compact', code: 'agent_summary_empty' }]);
});
