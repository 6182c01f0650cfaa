// What endpoints cannot do, and how they are asked instead: JSON of a schema, and several calls in one message.

import { generateText, type ModelMessage, Output, streamText } from 'ai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { classifyModelError } from '../../src/inference/errors/errors.ts';
import { Registry } from '../../src/inference/registry/registry.ts';
import type { StructuredOutput } from '../../src/inference/models/openai.ts';
import { requests, serving, tools, url } from './support/strange-server.ts';

describe('several calls in one message', () => {
  const results = ['a', 'b'].map((id) => ({
    type: 'tool-result' as const,
    toolCallId: id,
    toolName: 'moon',
    output: { type: 'text' as const, value: `of ${id}` },
  }));
  const messages: ModelMessage[] = [
    { role: 'user', content: 'Twice.' },
    {
      role: 'assistant',
      content: ['a', 'b'].map((id) => ({ type: 'tool-call', toolCallId: id, toolName: 'moon', input: {} })),
    },
    { role: 'tool', content: results },
  ];

  test('are told one by one to an endpoint that refuses them, from then on at once', async () => {
    const model = await serving(({ messages: told }) =>
      told.some(({ tool_calls: calls }) => (calls?.length ?? 0) > 1)
        ? { status: 400, error: 'This model only supports single tool-calls at once!' }
        : { text: 'Full.' },
    );
    for (const made of [2, 3]) {
      const result = await generateText({ model, messages, tools, maxRetries: 0 });
      expect(result.text).toBe('Full.');
      expect(requests()).toHaveLength(made);
    }
    expect(requests()[1]!.body.messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Twice.'],
      ['assistant', null],
      ['tool', 'of a'],
      ['assistant', null],
      ['tool', 'of b'],
    ]);
  });
});

describe('JSON that is asked for', () => {
  const schema = z.object({ city: z.string() });
  const output = Output.object({ schema });

  test.each<[StructuredOutput, string | undefined]>([
    ['native', 'json_schema'],
    ['json', 'json_object'],
    ['prompt', undefined],
  ])('by the way that is settled (%s), and by no other', async (structured, format) => {
    const model = await serving(
      ({ response_format: asked }) => ({ text: `\`\`\`json\n{"city": "${asked?.type}"}\n\`\`\`` }),
      structured,
    );
    const result = await generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
    expect(result.output).toEqual({ city: String(format) });
    expect(requests()).toHaveLength(1);
    const isTold = JSON.stringify(requests()[0]!.body.messages).includes('JSON schema');
    expect(isTold).toBe(structured !== 'native');
  });

  test('by the way that models.yaml says, which may change while the process runs', async () => {
    await serving(() => ({ json: { city: 'Oban' } }));
    const registry = new Registry();
    const formats: unknown[] = [];
    for (const structured of ['json', 'prompt']) {
      const file = { endpoints: { one: { baseUrl: url(), model: 'm-1', structured } }, classes: { small: ['one'] } };
      expect(registry.read('models.yaml', JSON.stringify(file), new Date())).toEqual([]);
      await generateText({ model: registry.model('small'), prompt: 'Where?', output, maxRetries: 0 });
      formats.push(requests().at(-1)!.body.response_format?.type);
    }
    await registry.close();
    expect(formats).toEqual(['json_object', undefined]);
  });

  test('a settled way that the endpoint refuses is an error, not another way', async () => {
    const model = await serving(() => ({ status: 400, error: 'response_format is unknown' }), 'json');
    const asking = generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
    await expect(asking).rejects.toMatchObject({ statusCode: 400 });
    expect(requests()).toHaveLength(1);
  });

  test('one schema that the endpoint refuses does not tell what it makes of others', async () => {
    const model = await serving(({ response_format: asked }) =>
      JSON.stringify(asked).includes('pattern')
        ? { status: 400, error: "Invalid schema for response_format 'response': 'pattern' is not permitted." }
        : { json: { city: 'Oban' } },
    );
    const refused = Output.object({ schema: z.object({ city: z.string().regex(/^O/) }) });
    for (const wanted of [refused, output, refused]) {
      const result = await generateText({ model, prompt: 'Where?', output: wanted, maxRetries: 0 });
      expect(result.output).toEqual({ city: 'Oban' });
    }
    expect(requests().map(({ body }) => body.response_format?.type)).toEqual([
      'json_schema',
      'json_object',
      'json_schema',
      'json_schema',
      'json_object',
    ]);
  });

  test('a list is asked for in words where only objects can be had', async () => {
    const model = await serving([{ text: '[1, 2,]' }], 'json');
    const responseFormat = {
      type: 'json' as const,
      schema: { type: 'array' as const, items: { type: 'number' as const } },
    };
    const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Count.' }] }];
    const { content } = await model.doGenerate({ prompt, responseFormat });
    expect(content).toEqual([{ type: 'text', text: '[1,2]' }]);
    expect(requests()[0]!.body.response_format).toBeUndefined();
  });

  test('is found in a stream among prose', async () => {
    const model = await serving([{ text: 'Here you are: {"city": "Oban",} - anything else?' }], 'prompt');
    const result = streamText({ model, prompt: 'Where?', output, maxRetries: 0 });
    expect(await result.output).toEqual({ city: 'Oban' });
  });

  test('that was cut off is refused, and worth another attempt', async () => {
    const model = await serving([{ text: '{"city": "Ob' }], 'prompt');
    const asking = generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
    const error = classifyModelError(await asking.catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: 'model_output_invalid', name: 'RetryableError' });
  });
});
