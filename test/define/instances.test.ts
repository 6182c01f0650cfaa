import { expect, test } from 'vitest';
import { configured, createApp, start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Base {
  readonly greeting: string;

  constructor(greeting: string) {
    this.greeting = greeting;
  }

  @workflow()
  async greet(name: string): Promise<string> {
    return `${await this.say(name)}!`;
  }

  @step()
  async say(name: string): Promise<string> {
    return `${this.greeting} ${name}`;
  }
}

class Polite extends Base {
  @step()
  override async say(name: string): Promise<string> {
    return `${this.greeting}, dear ${name}`;
  }
}

const hello = configured('hello', new Base('Hello'));
const moin = configured('moin', new Polite('Moin'));
const served = serve({ services: [hello, moin] });

test('instances of one class serve workflows under names of their own, each with its own settings', async () => {
  expect(await served.run('Base.hello.greet', 'Ada')).toMatchObject({ status: 'succeeded', result: 'Hello Ada!' });
  expect(await served.run('Polite.moin.greet', 'Ada')).toMatchObject({
    status: 'succeeded',
    result: 'Moin, dear Ada!',
  });
  expect(await served.call('POST', '/v1/workflows/Base.greet/runs', { body: 'Ada' })).toMatchObject({ status: 404 });
});

test('a method is called on its instance, and start() is told which one', async () => {
  expect(await hello.greet('Bo')).toBe('Hello Bo!');
  const run = await start(moin.greet, 'Bo', { on: moin });
  expect(await run.result()).toBe('Moin, dear Bo!');
});

test('instances without a name, ordinary classes and double names are refused', () => {
  class Plain {
    static method(): void {}
  }
  expect(() => createApp({ services: [new Base('x')] })).toThrow('configured(name, instance)');
  expect(() => createApp({ services: [Plain] })).toThrow("'Plain' in services has no static method marked");
  expect(() => createApp({ services: [Base] })).toThrow('configured(name, new …)');
  expect(() => createApp({ services: [hello, hello] })).toThrow("'Base.hello.greet' is listed twice");
  expect(() => configured('no spaces', new Base('x'))).toThrow("'no spaces' cannot name an instance");
});
