// The offline model through the AI SDK, as an application calls it: on real worker threads.

import { Output, generateText, streamText, tool, type LanguageModel } from 'ai';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createModels, type Models } from '../../../src/inference/registry/registry.ts';
import { documents } from './documents.ts';

const { complaint, invoice, minutes, proposal, readme } = documents;

let models: Models;
let model: LanguageModel;

beforeAll(() => {
  models = createModels();
  model = models.model('small');
  vi.stubGlobal('AI_SDK_LOG_WARNINGS', false);
});

afterAll(() => models.close());

const about = (document: string, instruction = 'Work on this document.') =>
  `${instruction}\n\n<document>\n${document}\n</document>`;

async function filled<T extends z.ZodType>(document: string, schema: T, instruction?: string) {
  const result = await generateText({
    model,
    prompt: about(document, instruction),
    output: Output.object({ schema }),
    maxRetries: 0,
  });
  return { value: result.output as z.infer<T>, unfilled: result.providerMetadata?.['local']?.['unfilled'] };
}

test('classify, extract and summarise', async () => {
  const kinds = ['proposal', 'readme', 'invoice', 'minutes', 'email', 'other'] as const;
  const schema = z.object({
    kind: z.enum(kinds),
    title: z.string(),
    language: z.string(),
    summary: z.string(),
    keywords: z.array(z.string()).max(5),
  });
  const { value, unfilled } = await filled(proposal, schema);
  expect(value).toMatchObject({ kind: 'proposal', title: 'Named Anchors for the Harbour Format', language: 'en' });
  expect(value.summary).toContain('This proposal adds named anchors to the Harbour document format.');
  expect(value.summary).not.toMatch(/\{tides\}|harbour\.example|rejected/i);
  expect(value.keywords).toContain('anchors');
  expect(unfilled).toEqual([]);
});

test('an invoice is read by the names of the properties', async () => {
  const schema = z.object({
    invoiceNumber: z.string(),
    invoiceDate: z.iso.date(),
    dueDate: z.iso.date(),
    customerName: z.string(),
    total: z.number(),
    vat: z.number(),
    currency: z.string().length(3),
    iban: z.string(),
    email: z.email(),
    category: z.enum(['billing', 'technical', 'other']),
  });
  const { value, unfilled } = await filled(invoice, schema);
  expect(value).toEqual({
    invoiceNumber: 'INV-2026-0412',
    invoiceDate: '2026-03-12',
    dueDate: '2026-04-11',
    customerName: 'Acme Robotics Ltd.',
    total: 274.77,
    vat: 43.87,
    currency: 'EUR',
    iban: 'DE89 3704 0044 0532 0130 00',
    email: 'billing@northwind.example',
    category: 'billing',
  });
  expect(unfilled).toEqual([]);
});

test('what the text does not say stays empty and is listed', async () => {
  const schema = z.object({
    dueDate: z.iso.date().nullable(),
    discount: z.number().nullable(),
    supplier: z.string(),
    tags: z.array(z.string()),
    approved: z.boolean(),
    note: z.string().optional(),
  });
  const { value, unfilled } = await filled('The tide comes in.', schema);
  expect(value).toEqual({ dueDate: null, discount: null, supplier: '', tags: expect.any(Array), approved: false });
  expect(unfilled).toEqual(expect.arrayContaining(['dueDate', 'discount', 'supplier', 'approved']));
});

test('lists of objects', async () => {
  const schema = z.object({
    entities: z.array(z.object({ text: z.string(), type: z.enum(['person', 'date', 'other']) })),
    actionItems: z.array(z.object({ owner: z.string().nullable(), task: z.string(), due: z.string().nullable() })),
    sections: z.array(z.object({ title: z.string(), level: z.number().int() })),
  });
  const { value } = await filled(minutes, schema);
  expect(value.entities).toEqual(
    expect.arrayContaining([
      { text: 'Anna Weber', type: 'person' },
      { text: '2026-03-03', type: 'date' },
      { text: '4.2.0', type: 'other' },
    ]),
  );
  expect(value.actionItems[0]).toEqual({
    owner: 'Tom',
    task: 'remove the old cluster by 2026-03-03',
    due: '2026-03-03',
  });
  expect(value.sections).toContainEqual({ title: 'On-call rota', level: 2 });
});

test('a value that must exist and does not is refused with its name', async () => {
  const call = filled('The tide comes in.', z.object({ contact: z.object({ email: z.email() }) }));
  await expect(call).rejects.toMatchObject({
    code: 'model_refused',
    message: expect.stringContaining('"contact.email"'),
  });
});

test('a choice and an array, as the SDK wraps them', async () => {
  const choice = await generateText({
    model,
    prompt: about(complaint, 'Which department?'),
    output: Output.choice({ options: ['shipping', 'sales', 'legal'] }),
    maxRetries: 0,
  });
  expect(choice.output).toBe('shipping');
  const list = await generateText({
    model,
    prompt: about(complaint, 'List all e-mail addresses.'),
    output: Output.array({ element: z.email() }),
    maxRetries: 0,
  });
  expect(list.output).toEqual(['laura.chen@example.com', 'support@example.org']);
});

test('without a schema it answers with sentences of the document, as many as asked for', async () => {
  const result = await generateText({ model, prompt: about(readme, 'Summarise in one sentence.'), maxRetries: 0 });
  expect(result.text).toBe('Tidepool is a small HTTP cache for Node.js services.');
  expect(result.finishReason).toBe('stop');
  expect(result.response.modelId).toBe('local-extractive');
});

test('the whole message is the document when it is not marked', async () => {
  const result = await generateText({ model, system: 'Be brief.', prompt: readme, maxRetries: 0 });
  expect(result.text).toContain('Tidepool is a small HTTP cache');
  expect(result.text).not.toContain('Be brief');
});

test('a stream carries the same answer in pieces, with the estimated usage', async () => {
  const prompt = about(proposal);
  const whole = await generateText({ model, prompt, maxRetries: 0 });
  const stream = streamText({ model, prompt, maxRetries: 0 });
  const pieces: string[] = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(whole.text);
  const usage = await stream.usage;
  expect(usage.inputTokens).toBe(Math.ceil(prompt.length / 4));
  expect(usage.outputTokens).toBe(Math.ceil(whole.text.length / 4));
});

test('tools and settings without meaning are warned about, a temperature of 0 is not', async () => {
  const tools = { look: tool({ description: 'look', inputSchema: z.object({}) }) };
  const warned = await generateText({ model, prompt: about(readme), tools, temperature: 0.7, maxRetries: 0 });
  expect(warned.warnings?.map((warning) => 'feature' in warning && warning.feature)).toEqual(['tools', 'temperature']);
  const quiet = await generateText({ model, prompt: about(readme), temperature: 0, seed: 1, maxRetries: 0 });
  expect(quiet.warnings).toEqual([]);
});

test('a text file in the message is the document', async () => {
  const file = { type: 'file' as const, mediaType: 'text/markdown', data: Buffer.from(readme) };
  const result = await generateText({
    model,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Summarise in one sentence.' }, file] }],
    maxRetries: 0,
  });
  expect(result.text).toBe('Tidepool is a small HTTP cache for Node.js services.');
});

test('many questions at once are all answered', async () => {
  const answers = await Promise.all(
    [proposal, readme, invoice, minutes, complaint].flatMap((document) => [
      filled(document, z.object({ title: z.string() })),
      filled(document, z.object({ language: z.string() })),
    ]),
  );
  expect(answers.filter(({ value }) => 'language' in value && value.language === 'en')).toHaveLength(5);
});

test('an aborted call rejects with the signal’s reason, and the next one is answered', async () => {
  const reason = new Error('changed my mind');
  const controller = new AbortController();
  const call = generateText({
    model,
    prompt: about(proposal.repeat(60)),
    abortSignal: controller.signal,
    maxRetries: 0,
  });
  controller.abort(reason);
  await expect(call).rejects.toThrow('changed my mind');
  const next = await generateText({ model, prompt: about(readme), maxRetries: 0 });
  expect(next.text).toContain('Tidepool');
});
