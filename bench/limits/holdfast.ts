// Four processes of the service on one database, each with the whole quota in its models file.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from 'holdfast/testing';
import { withCluster } from '../engine/cluster.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type System, WORKERS } from './system.ts';

/** Runs the service while `use` has calls made. */
export const holdfast: System = async ({ url, quota }, use) =>
  withCluster(async (databaseUrl) => {
    const file = join(await temporaryFolder(), 'models.yaml');
    const limits = `rpm: ${quota.requests}, tpm: ${quota.tokens}`;
    await writeFile(
      file,
      `endpoints:\n  stub: { baseUrl: "${url}", model: stub, ${limits} }\nclasses:\n  small: [stub]\n`,
    );
    const app = fileURLToPath(new URL('./app.js', import.meta.url));
    const start = () => startChild({ app, databaseUrl, env: { HOLDFAST_MODELS: file, LOG_LEVEL: 'info' } });
    // The first one makes the tables.
    const workers = [await start()];
    try {
      workers.push(...(await Promise.all(Array.from({ length: WORKERS - 1 }, start))));
      await use(async ({ id, tenant }, n) => {
        const headers = { 'X-Tenant': tenant };
        const { status, body } = await workers[n % WORKERS]!.call('POST', '/v1/workflows/Caller.call/runs', {
          headers,
          body: id,
        });
        if (status >= 300) throw new Error(`The call ${id} was not taken: ${JSON.stringify(body)}`);
      });
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  });
