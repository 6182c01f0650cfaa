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
  ['an acknowledgement', { ...fitting, effect: 'irreversible' }, /acknowledged is missing/],
])('a tool without %s is refused when the app is made', (_what, options, problem) => {
  expect(() => appWith(options)).toThrow(problem);
  expect(() => appWith(options)).toThrow("The tool 'Tools.use' cannot be used");
});
