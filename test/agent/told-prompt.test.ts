import type { LanguageModelV4, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { generateText, type ModelMessage } from 'ai';
import { expect, test } from 'vitest';
import { ToldPrompt } from '../../src/agent/told-prompt.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';

const OPENING: ModelMessage = { role: 'user', content: 'Walk.' };
const CALL: ModelMessage = {
  role: 'assistant',
  content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { place: 1 } }],
};
const RESULT: ModelMessage = {
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: { type: 'text', value: 'A tree.' } }],
};
const STEERING: ModelMessage = { role: 'user', content: [{ type: 'text', text: 'Faster!' }] };

/** A model that notes what it is asked with, and fails where `fails` says so. */
function listening(prompts: LanguageModelV4Prompt[], fails: () => boolean = () => false): LanguageModelV4 {
  const answers = scriptedModel(() => ({ text: 'Well.' }));
  return {
    ...answers,
    specificationVersion: 'v4',
    provider: answers.provider,
    modelId: answers.modelId,
    supportedUrls: {},
    doGenerate: async (options) => {
      prompts.push(options.prompt);
      if (fails()) throw new Error('broken');
      return answers.doGenerate(options);
    },
    doStream: (options) => answers.doStream(options),
  };
}

/** What a model is asked with that is told everything at once. */
async function wholePrompt(messages: ModelMessage[]): Promise<LanguageModelV4Prompt> {
  const prompts: LanguageModelV4Prompt[] = [];
  await generateText({ model: listening(prompts), instructions: 'Be kind.', messages, maxRetries: 0 });
  return prompts[0]!;
}

async function ask(
  told: ToldPrompt,
  model: LanguageModelV4,
  transcript: readonly ModelMessage[],
  asked: readonly ModelMessage[],
  revision = 0,
): Promise<number> {
  const asking = told.asking(model, structuredClone(transcript), asked, revision);
  await generateText({ ...asking, instructions: 'Be kind.', maxRetries: 0 });
  return asking.messages.length;
}

test('only what is new is handed over, and the model is asked with all of it', async () => {
  const prompts: LanguageModelV4Prompt[] = [];
  const model = listening(prompts);
  const told = new ToldPrompt();
  expect(await ask(told, model, [], [OPENING])).toBe(1);
  expect(await ask(told, model, [OPENING, CALL, RESULT], [])).toBe(2);
  expect(await ask(told, model, [OPENING, CALL, RESULT, CALL, RESULT], [STEERING])).toBe(3);
  expect(prompts).toEqual([
    await wholePrompt([OPENING]),
    await wholePrompt([OPENING, CALL, RESULT]),
    await wholePrompt([OPENING, CALL, RESULT, CALL, RESULT, STEERING]),
  ]);
});

test('what was asked by an attempt that failed does not count', async () => {
  const prompts: LanguageModelV4Prompt[] = [];
  const failing = { now: true };
  const model = listening(prompts, () => failing.now);
  const told = new ToldPrompt();
  await expect(ask(told, model, [], [OPENING])).rejects.toThrow('broken');
  failing.now = false;
  await ask(told, model, [], [OPENING, STEERING]);
  await ask(told, model, [OPENING, STEERING, CALL, RESULT], []);
  expect(prompts[2]).toEqual(await wholePrompt([OPENING, STEERING, CALL, RESULT]));
});

test('everything is told again once something else has changed than the end', async () => {
  const prompts: LanguageModelV4Prompt[] = [];
  const model = listening(prompts);
  const told = new ToldPrompt();
  await ask(told, model, [], [OPENING]);
  expect(await ask(told, model, [STEERING, CALL, RESULT], [], 1)).toBe(3);
  expect(prompts[1]).toEqual(await wholePrompt([STEERING, CALL, RESULT]));
});
