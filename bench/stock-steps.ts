// The yardstick: the DBOS SDK as it is, with workflows of empty steps. Prints the steps that it recorded in a second.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { startEmbedded } from '../src/postgres/embedded/server.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SECONDS = 5;
const [concurrency = 24, stepsPerRun = 5] = process.argv.slice(2).map(Number);

const folder = await temporaryFolder();
const server = await startEmbedded({ dataDir: join(folder, 'postgres') });
const steps = DBOS.registerWorkflow(
  async () => {
    for (let index = 0; index < stepsPerRun; index += 1) await DBOS.runStep(async () => index, { name: 'step' });
  },
  { name: 'steps' },
);
DBOS.setConfig({
  name: 'stock',
  systemDatabaseUrl: server.url('stock'),
  systemDatabasePoolSize: 20,
  logLevel: 'error',
  applicationVersion: '1',
});
await DBOS.launch();

const startedAt = performance.now();
let runs = 0;
const work = async (): Promise<void> => {
  while (performance.now() - startedAt < SECONDS * 1000) {
    await steps();
    runs += 1;
  }
};
await Promise.all(Array.from({ length: concurrency }, work));
const seconds = (performance.now() - startedAt) / 1000;

await DBOS.shutdown();
await server.stop();
await rm(folder, { recursive: true, force: true });
process.stdout.write(`${Math.round((runs * stepsPerRun) / seconds)}\n`);
process.exit(0);
