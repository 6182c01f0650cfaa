// What OpenAI-compatible servers write otherwise than OpenAI, through the model server: mended, or refused in words that say why.

import { generateText, isStepCount, type ModelMessage } from 'ai';
import { describe, expect, test } from 'vitest';
import { classifyModelError } from '../../src/inference/errors/errors.ts';
import type { Turn } from '../../src/testing/scripted-model.ts';
import { answer, call, serving, tideAt, tools } from './support/strange-server.ts';

async function ask(turn: Turn, settings: { tools?: typeof tools; messages?: ModelMessage[] } = { tools }) {
  const model = await serving([turn]);
  const { messages = [{ role: 'user', content: 'Tide?' }], ...rest } = settings;
  return generateText({ model, messages, maxRetries: 0, stopWhen: isStepCount(1), ...rest }).catch((error: unknown) => {
    throw classifyModelError(error);
  });
}

describe('a call of a tool', () => {
  test.each<[string, object]>([
    ['with its arguments as an object', { tool_calls: [call({ name: 'tide', arguments: { port: 'Oban' } })] }],
    [
      'with its arguments written twice',
      { tool_calls: [call({ name: 'tide', arguments: '"{\\"port\\":\\"Oban\\"}"' })] },
    ],
    ['with slips in its arguments', { tool_calls: [call({ name: 'tide', arguments: "{'port': 'Oban',}" })] }],
    ['with parameters instead', { tool_calls: [call({ name: 'tide', parameters: { port: 'Oban' } })] }],
    ['without a function around it', { tool_calls: [{ id: 'c1', name: 'tide', arguments: { port: 'Oban' } }] }],
    ['that is no list', { tool_calls: tideAt('Oban') }],
    ['of the old form', { function_call: { name: 'tide', arguments: '{"port":"Oban"}' } }],
    ['with a namespace', { tool_calls: [call({ name: 'functions.tide', arguments: '{"port":"Oban"}' })] }],
    [
      'as text between marks',
      { content: '<tool_call>\n{"name": "tide", "arguments": {"port": "Oban"}}\n</tool_call>' },
    ],
    [
      'as text after thoughts',
      { content: '<think>Oban.</think>\n[TOOL_CALLS][{"name":"tide","arguments":{"port":"Oban"}}]' },
    ],
    ['as text with a mark of Mistral', { content: '[TOOL_CALLS]tide[ARGS]{"port":"Oban"}' }],
    ['as text with a mark of Llama', { content: '<|python_tag|>{"name": "tide", "parameters": {"port": "Oban"}}' }],
    ['as text of a function', { content: '<function=tide>{"port": "Oban"}</function>' }],
    ['as bare JSON', { content: '{"type": "function", "name": "tide", "parameters": {"port": "Oban"}}' }],
  ])('%s', async (_how, message) => {
    const result = await ask(answer({ role: 'assistant', content: null, ...message }));
    expect(result.toolCalls).toMatchObject([{ toolName: 'tide', input: { port: 'Oban' } }]);
    expect(result.toolCalls[0]!.toolCallId).not.toBe('');
    expect(result).toMatchObject({ finishReason: 'tool-calls', text: '' });
  });

  test.each([undefined, null, '', 'null'])('without arguments: %j', async (given) => {
    const result = await ask(answer({ tool_calls: [call({ name: 'moon', arguments: given })] }));
    expect(result.toolCalls).toMatchObject([{ toolName: 'moon', input: {} }]);
  });

  test('whose arguments cannot be read is handed on as it is', async () => {
    const result = await ask(answer({ tool_calls: [call({ name: 'tide', arguments: '{"port": "Ob' })] }));
    expect(result.toolCalls).toMatchObject([{ invalid: true, input: '{"port": "Ob' }]);
  });

  test('has an id of its own, whatever the server says', async () => {
    const messages: ModelMessage[] = [
      { role: 'user', content: 'Tide?' },
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'moon', input: {} }] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'moon', output: { type: 'text', value: 'full' } }],
      },
    ];
    const several = [
      tideAt('Oban'),
      tideAt('Crinan'),
      { ...tideAt('Leith'), id: '' },
      { ...tideAt('Wick'), id: undefined },
    ];
    const result = await ask(answer({ tool_calls: [...several, { ...tideAt('Ayr'), id: 7 }] }), { tools, messages });
    const ids = result.toolCalls.map(({ toolCallId }) => toolCallId);
    expect(new Set([...ids, 'c1', ''])).toHaveLength(7);
    expect(ids.at(-1)).toBe('7');
    expect(result.toolCalls.map(({ input }) => input)).toMatchObject([{}, {}, {}, {}, { port: 'Ayr' }]);
  });
});

describe('a text is no call', () => {
  test.each([
    ['when it says anything besides', 'The page says: <tool_call>{"name": "tide", "arguments": {}}</tool_call>'],
    ['when something follows', '<tool_call>{"name": "tide", "arguments": {}}</tool_call> is what it says.'],
    ['when there is no such tool', '<tool_call>{"name": "transfer", "arguments": {}}</tool_call>'],
    ['when it is a value', '{"name": "tide", "arguments": 7}'],
  ])('%s', async (_when, content) => {
    const result = await ask(answer({ role: 'assistant', content }));
    expect(result).toMatchObject({ text: content, toolCalls: [], finishReason: 'stop' });
  });

  test('when no tools were offered', async () => {
    const content = '{"name": "tide", "arguments": {}}';
    expect(await ask(answer({ content }), {})).toMatchObject({ text: content, toolCalls: [] });
  });
});

describe('an answer', () => {
  test('that stops for calls it does not make has ended', async () => {
    expect(await ask(answer({ content: 'High at noon.' }, { finish_reason: 'tool_calls' }))).toMatchObject({
      finishReason: 'stop',
      text: 'High at noon.',
    });
  });

  test.each<[string, object, object]>([
    ['without content', { content: null, tool_calls: null }, { text: '' }],
    ['without a reason to end', { content: 'Noon.' }, { text: 'Noon.' }],
    [
      'in parts',
      {
        content: [
          { type: 'text', text: 'No' },
          { type: 'text', text: 'on.' },
        ],
      },
      { text: 'Noon.' },
    ],
    ['as an object', { content: { high: 'noon' } }, { text: '{"high":"noon"}' }],
    ['of another role', { role: 'model', content: 'Noon.' }, { text: 'Noon.' }],
    [
      'with thoughts beside it',
      { content: 'Noon.', reasoning_content: 'Hm.' },
      { text: 'Noon.', reasoningText: 'Hm.' },
    ],
    ['with thoughts by another name', { content: 'Noon.', thinking: 'Hm.' }, { text: 'Noon.', reasoningText: 'Hm.' }],
    ['with thoughts as an object', { content: 'Noon.', reasoning: { effort: 1 } }, { text: 'Noon.' }],
    ['with thoughts within', { content: '<think>\nHm.\n</think>\n\nNoon.' }, { text: 'Noon.', reasoningText: 'Hm.' }],
  ])('%s', async (_how, message, expected) => {
    const more = _how === 'without a reason to end' ? { finish_reason: null } : {};
    expect(await ask(answer(message, more))).toMatchObject({ finishReason: 'stop', ...expected });
  });

  test('with numbers as texts and texts as numbers', async () => {
    const result = await ask({
      body: {
        id: 7,
        created: 'now',
        model: null,
        choices: [{ message: { content: 'Noon.' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: '12', completion_tokens: 3, cost: 'none', prompt_tokens_details: null },
      },
    });
    expect(result).toMatchObject({ text: 'Noon.', usage: { inputTokens: 12, outputTokens: 3 } });
  });

  test.each<[string, Turn, object]>([
    [
      'without choices',
      { body: { choices: [] } },
      { code: 'model_output_invalid', message: expect.stringContaining('choice') },
    ],
    ['of another form', { body: { output: 'Noon.' } }, { code: 'model_unavailable' }],
    [
      'that is an error of too many requests',
      { body: { error: { code: 429, message: 'slow' } } },
      { code: 'model_rate_limited' },
    ],
    ['that is an error by name', { body: { error: { code: 'rate_limit_exceeded' } } }, { code: 'model_rate_limited' }],
    ['that is an error of the server', { body: { error: { message: 'oops' } } }, { code: 'model_unavailable' }],
    ['that is an error of ours', { body: { error: { code: 401, message: 'no key' } } }, { status: 401 }],
  ])('%s is refused', async (_which, turn, { status, ...expected }: { status?: number }) => {
    await expect(ask(turn)).rejects.toMatchObject(status ? { details: { status } } : expected);
  });
});
