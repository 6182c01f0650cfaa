import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedModel, scriptedModel, startService, type TestService, type Turn } from 'holdfast/testing';
import app from '../app.ts';
import { sectionOf, sectionsAbout } from '../library.ts';

const QUESTION = 'How does Python keep random numbers and connections secure?';

let service: TestService;
let lead: ScriptedModel;
let reader: ScriptedModel;

beforeAll(async () => {
  const models = {
    model: (name: string) => (name === 'reasoning' ? lead : reader),
  };
  service = await startService({ app, models });
});

afterAll(() => service?.stop());

async function run(workflow: string, body: unknown): Promise<Record<string, any>> {
  const headers = { Prefer: 'wait=30' };
  return (await service.call<Record<string, any>>('POST', `/v1/workflows/${workflow}/runs`, { body, headers })).body;
}

/** A reader that says how long the document was that it was given; `fails` says for which ones it has no answer. */
function readers(fails: (document: string) => boolean = () => false): ScriptedModel {
  return scriptedModel(({ prompt }): Turn => {
    const [, document = ''] =
      /<document>\n([^]*)\n<\/document>/.exec(JSON.parse(JSON.stringify(prompt.at(-1)!.content))[0].text) ?? [];
    return fails(document)
      ? { status: 400, error: 'no such luck' }
      : { json: { summary: `${document.length} characters` } };
  });
}

test('fifty sections are read by fifty agents, and what they found becomes one answer', async () => {
  reader = readers();
  const { status, result, id } = await run('Research.survey', { question: QUESTION });
  expect(status).toBe('succeeded');
  expect(result.notes).toHaveLength(50);
  expect(result.unread).toEqual([]);
  expect(result.notes[0]).toMatchObject({
    source: expect.stringMatching(/^pep-\d{4}\.rst#\d+$/),
    title: expect.any(String),
  });
  expect(result.answer).toMatch(/^\d+ characters$/);
  expect(reader.calls).toHaveLength(51);
  const { body } = await service.call<{ items: { childRunId: string | null }[] }>(
    'GET',
    `/v1/runs/${id as string}/steps?limit=200`,
  );
  expect(body.items.filter(({ childRunId }) => childRunId !== null).length).toBeGreaterThanOrEqual(51);
});

test('a section that cannot be read is named, and the others count', async () => {
  reader = readers((document) => document.startsWith('Rationale\n'));
  const { status, result } = await run('Research.survey', { question: QUESTION, sections: 10 });
  expect(status).toBe('succeeded');
  expect(result.unread.length).toBeGreaterThan(0);
  expect(result.notes.length + result.unread.length).toBe(10);
});

test('a question that no document is about fails with its own code', async () => {
  reader = readers();
  const { status, error } = await run('Research.survey', { question: 'zzzz qqqq?' });
  expect({ status, error }).toMatchObject({ status: 'failed', error: { code: 'nothing_found' } });
});

test('the lead has sections read by agents that are its tools', async () => {
  reader = readers();
  const [first, second] = await sectionsAbout(QUESTION, 2);
  const read = (source: string) => ({ name: 'read', args: { question: QUESTION, source } });
  const answer = { answer: 'With the kernel and certificates.', sources: [first!.source, second!.source] };
  lead = scriptedModel([
    { toolCalls: [{ name: 'search', args: { words: QUESTION, most: 2 } }] },
    { toolCalls: [read(first!.source), read(second!.source), read('no-such.rst#1')] },
    { json: answer },
  ]);
  expect(await run('Research.lead', QUESTION)).toMatchObject({ status: 'succeeded', result: answer });
  const told = JSON.stringify(lead.calls[2]!.prompt);
  expect(told).toContain(`${first!.title.length + 2 + first!.text.length} characters`);
  expect(told).toContain('section_not_found');
});

test('names of sections lead nowhere else', async () => {
  for (const source of ['../app.ts#1', '/etc/passwd#1', 'pep-0506.rst#999', 'pep-0506.rst', '#1', '']) {
    expect(await sectionOf(source)).toBeUndefined();
  }
});
