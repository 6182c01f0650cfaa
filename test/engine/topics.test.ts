import { expect, test } from 'vitest';
import { sendMessage } from '../../src/engine/runs.ts';
import { waitFor, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Listener {
  @workflow()
  static async listen(topic: string): Promise<unknown> {
    return waitFor(topic, { timeout: 0 });
  }

  @workflow()
  static async listenAgain(): Promise<unknown> {
    const code = await waitFor('\0').catch((error: { code: string }) => error.code);
    return [code, await waitFor('other', { timeout: 0 })];
  }
}

const served = serve({ services: [Listener] });

test.each(['\0', 'a\0b'])('a run that waits for %j fails and says why', async (topic) => {
  const run = await served.run('Listener.listen', topic);
  expect(run).toMatchObject({
    status: 'failed',
    error: { code: 'invalid_topic', message: expect.stringContaining('U+0000') },
  });
});

test('a run can catch that, and wait for something else', async () => {
  expect(await served.run('Listener.listenAgain')).toMatchObject({
    status: 'succeeded',
    result: ['invalid_topic', null],
  });
});

test('nothing is sent to such a topic', async () => {
  const { body: run } = await served.call('POST', '/v1/workflows/Listener.listen/runs?delay=1h', { body: 'go' });
  await expect(sendMessage(String(run.id), 'a\0', 'text')).rejects.toMatchObject({
    name: 'InvalidInput',
    code: 'invalid_topic',
  });
  expect(await served.database.query('SELECT FROM dbos.notifications')).toEqual([]);
});
