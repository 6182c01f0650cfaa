// The thread that renews the lease of its process: a body that computes for seconds does not keep it from that.

import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { takeOrRenewLease } from '../../store/leases.ts';
import type { HeartbeatReport, HeartbeatTask } from './task.ts';

const { databaseUrl, holder, ttlMs, beatMs, hangsAfterMs, pulse } = workerData as HeartbeatTask;
const stopping = new AbortController();

parentPort!.once('message', () => stopping.abort());
await beat(new Int32Array(pulse));

/** Renews the lease until the process says that it is enough. */
async function beat(pulses: Int32Array): Promise<void> {
  let client: pg.Client | undefined;
  let lastPulse = Atomics.load(pulses, 0);
  let pulsedAt = performance.now();
  while (!stopping.signal.aborted) {
    const now = performance.now();
    if (Atomics.load(pulses, 0) !== lastPulse) {
      lastPulse = Atomics.load(pulses, 0);
      pulsedAt = now;
    }
    if (now - pulsedAt < hangsAfterMs) client = await renew(client);
    await delay(Math.max(0, beatMs - (performance.now() - now)), undefined, { signal: stopping.signal }).catch(
      () => {},
    );
  }
  await client?.end().catch(() => {});
}

/** Returns the connection for the next time, or undefined when there has to be another one. */
async function renew(client: pg.Client | undefined): Promise<pg.Client | undefined> {
  const connected = client ?? newClient();
  try {
    if (!client) await connected.connect();
    await connected.query(takeOrRenewLease(holder, ttlMs));
    report({ kind: 'renewed' });
    return connected;
  } catch (error) {
    void connected.end().catch(() => {});
    report({ kind: 'failed', message: (error as Error).message });
    return undefined;
  }
}

function newClient(): pg.Client {
  const client = new pg.Client({
    connectionString: databaseUrl,
    keepAlive: true,
    connectionTimeoutMillis: ttlMs,
    query_timeout: ttlMs,
  });
  // The next statement says so as well.
  client.on('error', () => {});
  return client;
}

function report(message: HeartbeatReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
  parentPort!.postMessage(message);
}
