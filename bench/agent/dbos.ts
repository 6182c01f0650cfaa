// The agent on the DBOS SDK: the loop as a workflow.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { loopOn } from './hand-written.ts';
import type { AgentTask, RunAgent } from './work.ts';

const POOL_SIZE = 20;

/** Launches the SDK in this process, with which it ends. */
export async function startDbos({ databaseUrl, modelUrl }: AgentTask): Promise<RunAgent> {
  const walk = DBOS.registerWorkflow(
    loopOn(modelUrl, (name, body) => DBOS.runStep(body, { name })),
    { name: 'walk' },
  );
  DBOS.setConfig({
    name: 'agent',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: 'error',
    applicationVersion: '1',
  });
  await DBOS.launch();
  return walk;
}
