import { expect, test } from 'vitest';
import { z } from 'zod';
import { agent, type AgentOptions, createApp, opening, tool } from '../../src/index.ts';

class Tools {
  @tool({ effect: 'read', description: 'Look', input: z.object({}) })
  static async look(): Promise<void> {}

  static async unmarked(): Promise<void> {}
}

class MoreTools {
  @tool({ effect: 'read', description: 'Look elsewhere', input: z.object({}) })
  static async look(): Promise<void> {}
}

class Elsewhere {
  @tool({ effect: 'read', description: 'Nobody lists it', input: z.object({}) })
  static async hide(): Promise<void> {}
}

function appWith(options: Partial<AgentOptions>): unknown {
  class Agents {
    @agent({ model: 'small', instructions: 'Act.', ...options })
    static async act(): Promise<string> {
      return opening('Begin.');
    }
  }
  return createApp({ services: [Agents, Tools, MoreTools] });
}

test('an agent is a workflow of the app', () => {
  expect(appWith({ tools: [Tools.look] })).toMatchObject({ catalogue: { workflows: [{ name: 'Agents.act' }] } });
  expect(() => appWith({ tools: () => [Tools.look] })).not.toThrow();
});

test('an agent may use a tool that stands below it in its class', () => {
  class Both {
    @agent({ model: 'small', instructions: 'Act.', tools: [Both.later] })
    static async act(): Promise<string> {
      return opening('Begin.');
    }

    @tool({ effect: 'read', description: 'Look', input: z.object({}) })
    static async later(): Promise<void> {}
  }
  expect(() => createApp({ services: [Both] })).not.toThrow();
});

test.each([
  ['what is no tool', { tools: [Tools.unmarked] }, "'unmarked' in its tools is no method marked with @tool"],
  ['a tool that the app does not list', { tools: [Elsewhere.hide] }, "'hide' in its tools is no method"],
  ['two tools of one name', { tools: [Tools.look, MoreTools.look] }, "two tools with the name 'look'"],
  ['a limit that is none', { limits: { turns: 0 } }, "The limit 'turns' of an agent is 0"],
])('an agent with %s is refused when the app is made', (_what, options, problem) => {
  expect(() => appWith(options)).toThrow(problem);
});
