import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApp, tool } from '../../src/index.ts';
import type { ToolOptions } from '../../src/define/tool.ts';

const fitting = { effect: 'read', description: 'Look', input: z.object({}) };

function appWith(options: object): unknown {
  class Tools {
    @tool(options as ToolOptions<z.ZodType, unknown>)
    static async use(): Promise<void> {}
  }
  return createApp({ services: [Tools] });
}

test('a tool is known with its name', () => {
  expect(appWith(fitting)).toMatchObject({ catalogue: { tools: [{ name: 'Tools.use' }] } });
});

test.each([
  ['an effect', { ...fitting, effect: undefined }, /effect says what it does .* not 'undefined'/],
  ['an effect that there is', { ...fitting, effect: 'harmless' }, /not 'harmless'/],
  ['a description', { ...fitting, description: ' ' }, /description is missing/],
  ['a schema', { ...fitting, input: { type: 'object' } }, /input must be a zod schema/],
  ['an approval or an acknowledgement', { ...fitting, effect: 'irreversible' }, /approval or acknowledged is missing/],
  ['an approval that says something', { ...fitting, approval: false }, /'required' or an object/],
  ['a rule without misspellings', { ...fitting, approval: { roles: ['manager'] } }, /there is no 'roles' in it/],
  ['a role that somebody can have', { ...fitting, approval: { role: 'the boss' } }, /'the boss' cannot be a role/],
  ['a name of its own', { ...fitting, name: 'approval of Tools.use' }, /what a step of agents or approvals is called/],
])('a tool without %s is refused when the app is made', (_what, options, problem) => {
  expect(() => appWith(options)).toThrow(problem);
  expect(() => appWith(options)).toThrow("The tool 'Tools.use' cannot be used");
});

test.each([
  ['always', 'required'],
  ['by a rule', { role: 'manager', quorum: 2, escalate: { role: 'director', expires: '1d' } }],
  ['as the arguments have it', () => undefined],
])('what nobody can undo is taken with an approval %s', (_when, approval) => {
  expect(() => appWith({ ...fitting, effect: 'irreversible', approval })).not.toThrow();
});
