// A step that calls a model several times comes to its end although each of its calls has to wait.

import { generateText } from 'ai';
import { beforeEach, expect, test } from 'vitest';
import { model, step, workflow } from '../../../src/index.ts';
import { scriptedModel } from '../../../src/testing.ts';
import { serve } from '../../support/serve.ts';

let calls = 0;

beforeEach(() => (calls = 0));

async function ask(): Promise<string> {
  return (await generateText({ model: model('small'), prompt: 'Go.', maxRetries: 0 })).text;
}

class Talker {
  @step({ retries: { attempts: 1 } })
  static async together(count: number): Promise<number> {
    return (await Promise.all(Array.from({ length: count }, ask))).length;
  }

  @step({ retries: { attempts: 1 } })
  static async inTurn(count: number): Promise<number> {
    for (let n = 0; n < count; n += 1) await ask();
    return count;
  }

  @workflow()
  static async callTogether(count: number): Promise<number> {
    return Talker.together(count);
  }

  @workflow()
  static async callInTurn(count: number): Promise<number> {
    return Talker.inTurn(count);
  }
}

const answering = scriptedModel(() => {
  calls += 1;
  return { text: 'Done.' };
});
const served = serve(
  {
    services: [Talker],
    models: { endpoints: { slow: { model: answering, rpm: 100 } }, classes: { small: ['slow'] } },
  },
  { config: { engine: 'holdfast' } },
);

// The bucket holds eight, and each further one comes after 600 ms.
test('calls that are made together', async () => {
  expect(await served.run('Talker.callTogether', 12)).toMatchObject({ status: 'succeeded', result: 12 });
  expect(calls).toBeLessThanOrEqual(12 + 8);
});

test('calls that are made in turn are not made anew', async () => {
  expect(await served.run('Talker.callInTurn', 4)).toMatchObject({ status: 'succeeded', result: 4 });
  expect(calls).toBe(4);
});
