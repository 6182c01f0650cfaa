import { expect, test } from 'vitest';
import { createApp, step, workflow } from '../../src/index.ts';

class Marked {
  @workflow()
  static async flow(): Promise<void> {}

  @step()
  static async part(): Promise<void> {}
}

test('a marked method does nothing until an app that lists its class runs', async () => {
  await expect(Marked.flow()).rejects.toMatchObject({ code: 'not_running' });
  await expect(Marked.part()).rejects.toMatchObject({ code: 'not_running' });
});

test('an app knows what it consists of, without starting anything', () => {
  const { catalogue, lanes } = createApp({ services: [Marked], lanes: { extra: { concurrency: 2 } } });
  expect(catalogue.workflows.map((entry) => entry.name)).toEqual(['Marked.flow']);
  expect(catalogue.steps.map((entry) => entry.name)).toEqual(['Marked.part']);
  expect(Object.keys(lanes)).toEqual(['default', 'extra']);
  expect(() => createApp({ services: [Marked], lanes: { '9 lives': {} } })).toThrow("'9 lives' cannot name a lane");
});

test('a decorator on what is no method is refused where it stands', () => {
  const mark = workflow() as unknown as (...args: unknown[]) => void;
  expect(() => mark(class {}, 'field', undefined)).toThrow("'field', which is not a public method");
  expect(() => mark(undefined, { kind: 'field', name: 'field' })).toThrow('not a public method');
  expect(() => mark(() => {}, { kind: 'method', name: '#hidden', private: true })).toThrow('not a public method');
});
