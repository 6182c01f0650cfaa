// The calls in steps of the DBOS SDK as it is.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { timed } from '../engine/steps.ts';
import { ask, type CallsTask, instant, type MakeRun, STEPS_OF_RUN } from './work.ts';

const POOL_SIZE = 20;

/** Launches the SDK in this process, with which it ends. */
export async function startStock({ databaseUrl }: CallsTask): Promise<MakeRun> {
  const sinks = new Map<number, number[]>();
  const run = DBOS.registerWorkflow(
    async (sink: number) => {
      for (let n = 0; n < STEPS_OF_RUN; n += 1)
        await timed(sinks.get(sink)!, () => DBOS.runStep(() => ask(instant), { name: 'ask' }));
    },
    { name: 'calls' },
  );
  DBOS.setConfig({
    name: 'calls',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: 'error',
    applicationVersion: '1',
  });
  await DBOS.launch();
  let next = 0;
  return async (durations) => {
    const sink = next++;
    sinks.set(sink, durations);
    await run(sink);
    sinks.delete(sink);
  };
}
