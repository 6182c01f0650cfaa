import { expect, test } from 'vitest';
import { engineOfTests, readConfig } from '../../src/config.ts';
import { createApp, db, step, transaction, workflow } from '../../src/index.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTestDatabase } from '../../src/testing.ts';
import { sendRequest } from '../../src/testing/request.ts';

class Jobs {
  @workflow()
  static async twice(): Promise<void> {
    await Jobs.write();
    await Jobs.look();
    await Jobs.write();
  }

  @transaction()
  static async write(): Promise<void> {
    await db().raw('SELECT 1');
  }

  @step()
  static async look(): Promise<void> {}
}

const { HOLDFAST_ENGINE } = engineOfTests();

// The SDK records a transaction twice: with what it wrote, and as a step.
test.skipIf(HOLDFAST_ENGINE === 'stock')('each checkpoint is told of once before it and once after it', async () => {
  const database = await createTestDatabase();
  const told: string[] = [];
  try {
    const config = readConfig({ DATABASE_URL: database.url, PORT: '0' });
    const app = createApp({ services: [Jobs] });
    const running = await app.start(config, createLog({ level: 'warn', format: 'json' }), {
      probe: (when, name) => void told.push(`${when}:${name}`),
    });
    const options = { headers: { Prefer: 'wait=10' } };
    await sendRequest(running.url, 'POST', '/v1/workflows/Jobs.twice/runs', options);
    await running.stop();
  } finally {
    await database.drop();
  }
  const of = (name: string): string[] => [`before:${name}`, `after:${name}`];
  expect(told).toEqual([...of('Jobs.write'), ...of('Jobs.look'), ...of('Jobs.write'), ...of('run')]);
});
