// A wait for a message is one step in the timeline, whatever the engine records for it.

import { expect, test } from 'vitest';
import { parallel, sleep, waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Waits {
  @workflow()
  static async approved(): Promise<unknown> {
    await sleep(1);
    const approval = await waitFor('approval', { timeout: '1m' });
    const late = await waitFor('late', { timeout: 20 });
    await sleep(5);
    return { approval, late: late ?? 'none' };
  }

  @workflow()
  static async both(): Promise<unknown> {
    return parallel(['left', 'right'], async (topic) => waitFor(topic, { timeout: '1m' }));
  }
}

interface Item {
  stepId: number;
  name: string;
  kind: string;
  output: unknown;
}

const served = serve({ services: [Waits] });

async function timeline(workflow: string, messages: Record<string, unknown>): Promise<[Item[], unknown]> {
  const { body } = await served.call('POST', `/v1/workflows/${workflow}/runs`);
  const path = `/v1/runs/${String(body.id)}`;
  for (const [topic, message] of Object.entries(messages)) {
    await served.call('POST', `${path}/messages/${topic}`, { body: message });
  }
  const { result } = (await served.call('GET', `${path}/result?wait=20`)).body;
  return [(await served.call<{ items: Item[] }>('GET', `${path}/steps`)).body.items, result];
}

test('it has its topic and the message; sleeps are shown as they are', async () => {
  const [items, result] = await timeline('Waits.approved', { approval: { by: 'Ada' } });
  expect(result).toEqual({ approval: { by: 'Ada' }, late: 'none' });
  expect(items.map(({ name, kind, output }) => [name, kind, output])).toEqual([
    ['sleep', 'timer', null],
    ['waitFor approval', 'message', { by: 'Ada' }],
    ['waitFor', 'message', null],
    ['sleep', 'timer', null],
  ]);
});

test('the same holds in branches, whose steps are numbered otherwise', async () => {
  const [items] = await timeline('Waits.both', { right: 2, left: [null] });
  expect(items.map(({ name, output }) => [name, output])).toEqual([
    ['waitFor left', [null]],
    ['waitFor right', 2],
  ]);
});
