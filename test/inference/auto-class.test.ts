// Classes that leave it to rules or to a small model which class answers a call.

import { expect, test } from 'vitest';
import type { AppClass } from '../../src/inference/registry/app-models.ts';
import type { Models } from '../../src/inference/registry/registry.ts';
import { scriptedModel, type Turn } from '../../src/testing.ts';
import { asked, modelsOf, Notes, saying, scopeOf } from './support/class.ts';

function auto(any: Extract<AppClass, { route: 'auto' }>, turns: Turn[] = []): Models {
  return modelsOf({
    endpoints: { judge: scriptedModel(turns), s: saying('small'), r: saying('reasoning') },
    classes: { judges: ['judge'], small: ['s'], reasoning: ['r'], any },
  });
}

const ASK = { class: 'judges', of: ['small', 'reasoning'], about: 'reasoning is for proofs.' };

test('a rule decides without asking anybody', async () => {
  const models = auto({
    route: 'auto',
    rules: [{ class: 'reasoning', words: ['hello'] }],
    ask: ASK,
    otherwise: 'small',
  });
  expect(await asked(models, 'any')).toMatchObject({
    text: 'reasoning',
    class: 'any',
    endpoint: 'r',
    choice: { auto: 'any', by: 'rule', rule: 0, why: 'first' },
  });
});

test('a small model is asked, as a call of its own', async () => {
  const models = auto({ route: 'auto', ask: ASK, otherwise: 'small' }, [{ text: 'reasoning' }]);
  const gate = new Notes();
  models.routing.gates = [gate];
  expect(await asked(models, 'any', 'run-1')).toMatchObject({ endpoint: 'r', choice: { auto: 'any', by: 'model' } });
  expect(gate.planned.map(({ class: name, choice, scope }) => [name, choice['picks'], scope.runId])).toEqual([
    ['judges', 'any', 'run-1'],
    ['reasoning', undefined, 'run-1'],
  ]);
  const judge = gate.planned[0]!.endpoint.model as ReturnType<typeof scriptedModel>;
  expect(judge.modelId).toBe('scripted');
  expect(gate.ends.map(({ kind }) => kind)).toEqual(['answered', 'answered']);
});

test.each<[string, Turn]>([
  ['fails', { status: 503 }],
  ['says something else', { text: 'I cannot decide.' }],
])('when the small model %s, it is the class that is left', async (_what, turn) => {
  const models = auto({ route: 'auto', ask: ASK, otherwise: 'small' }, [turn]);
  expect(await asked(models, 'any')).toMatchObject({ endpoint: 's', choice: { by: 'otherwise' } });
});

test('nobody waits for a small model that has too much to do', async () => {
  const models = auto(
    { route: 'auto', ask: ASK, otherwise: 'small' },
    Array.from({ length: 5 }, () => ({ status: 429, retryAfter: 3600 })),
  );
  for (let n = 0; n < 6; n += 1)
    expect(await asked(models, 'any')).toMatchObject({ endpoint: 's', choice: { by: 'otherwise' } });
});

test('what keeps a call from being made at all is not passed over', async () => {
  const models = auto({ route: 'auto', ask: ASK, otherwise: 'small' });
  const gate = new Notes();
  gate.refuse = () => new Error('no database');
  models.routing.gates = [gate];
  await expect(asked(models, 'any')).rejects.toThrow('no database');
});

test('prompts of any size, images and tools are looked at', async () => {
  const rules = [
    { class: 'reasoning', minTokens: 1000 },
    { class: 'reasoning', images: true },
    { class: 'reasoning', tools: true },
  ];
  const models = auto({ route: 'auto', rules, otherwise: 'small' });
  const model = models.model('any', scopeOf('run-1'));
  const text = (value: string) => [{ role: 'user' as const, content: [{ type: 'text' as const, text: value }] }];
  const image = { type: 'file' as const, mediaType: 'image/png', data: { type: 'data' as const, data: 'AA==' } };
  const answers = [
    await model.doGenerate({ prompt: text('Hello.') }),
    await model.doGenerate({ prompt: text('word '.repeat(1000)) }),
    await model.doGenerate({ prompt: [{ role: 'user', content: [image] }] }),
    await model.doGenerate({
      prompt: text('Hello.'),
      tools: [{ type: 'function', name: 'look', inputSchema: { type: 'object' } }],
    }),
  ];
  expect(answers.map(({ content }) => (content[0] as { text: string }).text)).toEqual([
    'small',
    'reasoning',
    'reasoning',
    'reasoning',
  ]);
});

test('a class that picks another one leads to none that does, and to none that is not there', () => {
  const problem = (otherwise: string): unknown => {
    try {
      return auto({ route: 'auto', otherwise });
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(problem('any')).toContain('has in any the class any, which picks another one itself');
  expect(problem('gone')).toContain("does not define the class gone, which the app's class any names");
});
