import { expect, test } from 'vitest';
import { createApp, workflow } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase } from '../support/database.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

class Task {
  @workflow()
  static async run(n: number): Promise<number> {
    return n;
  }
}

const app = createApp({ services: [Task], lanes: { unlucky: { concurrency: 50 } } });

async function submit(url: string, count: number): Promise<string[]> {
  await using door = await startService({ app, databaseUrl: url, config: { role: 'api' } });
  const runs = await Promise.all(
    Array.from({ length: count }, (_, n) => door.running.submissions.submit('Task.run', [n])),
  );
  return runs.map(({ id }) => id);
}

test('a run that cannot be started holds up no other one, and goes back', async () => {
  const database = await freshDatabase();
  const [broken, ...others] = await submit(database.url, 20);
  await database.query(`DELETE FROM dbos.workflow_input WHERE workflow_uuid = $1`, [broken]);
  {
    await using _service = await startService({ app, databaseUrl: database.url });
    await until('the other runs', async () => {
      const rows = await database.query(`SELECT FROM holdfast.runs WHERE status = 'succeeded'`);
      return rows.length === others.length;
    });
    expect(
      await database.query(`SELECT status, owner_xid FROM dbos.workflow_status WHERE workflow_uuid = $1`, [broken]),
    ).toEqual([{ status: 'DELAYED', owner_xid: null }]);
  }
  await database.drop();
});

test('runs whose claim was committed while its answer was lost are claimed again', async () => {
  const database = await freshDatabase();
  await submit(database.url, 20);
  await database.query(`UPDATE dbos.workflow_status SET queue_name = 'nowhere'`);
  const proxy = await openTcpProxy(Number(new URL(database.url).port));
  const url = new URL(database.url);
  url.port = `${proxy.port}`;
  {
    await using _service = await startService({ app, databaseUrl: url.href });
    // By now only claims name the lane, and the next one finds runs.
    proxy.loseAnswerTo('unlucky');
    await database.query(`UPDATE dbos.workflow_status SET queue_name = 'unlucky'`);
    await until('the runs', async () => {
      const rows = await database.query(`SELECT FROM holdfast.runs WHERE status = 'succeeded' AND recoveries = 0`);
      return rows.length === 20;
    });
    expect(proxy.resets).toBe(1);
  }
  proxy.close();
  await database.drop();
});
