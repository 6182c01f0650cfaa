// Processes that share the limits of an endpoint, as far as buckets know of processes.

import type { Knex } from 'knex';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Buckets } from '../../../src/inference/buckets/buckets.ts';
import type { CallEnd, Passage, PlannedCall } from '../../../src/inference/calls/call.ts';
import type { Limits, TenantLimits } from '../../../src/inference/registry/definition.ts';
import { createLocalModel } from '../../../src/inference/models/local.ts';
import { LocalPool } from '../../../src/inference/local/pool.ts';
import { endpointOf, type Endpoint } from '../../../src/inference/registry/endpoint.ts';
import { openDatabase } from '../../../src/postgres/connection.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

export interface CallOptions {
  tenant?: string;
  tokens?: number;
  run?: { id: string; step: number };
  signal?: AbortSignal;
}

/** A process with buckets of its own. */
export interface Process {
  buckets: Buckets;
  db: Knex;
  woken: string[];
  endpoint: Endpoint;
  tenants: Map<string, TenantLimits>;
  /** How many statements it has sent. */
  statements(): number;
  enter(options?: CallOptions): Promise<Passage>;
  limit(limits: Limits): void;
  close(): Promise<void>;
}

/** Starts a process, with a lease that never ends, for an endpoint with these limits. */
async function startProcess(
  database: TestDatabase,
  executorId: string,
  limits: Limits,
  tenants: Record<string, TenantLimits> = {},
): Promise<Process> {
  const db = openDatabase(database.url, { max: 3, name: 'test' });
  await database.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, expires_at)
     VALUES ($1, 'here', 1, 'p', 'all', '0', now() + interval '1 day') ON CONFLICT DO NOTHING`,
    [executorId],
  );
  let statements = 0;
  db.on('query', () => (statements += 1));
  const origin = { kind: 'model', model: createLocalModel(new LocalPool()) } as const;
  const started = {
    db,
    woken: [] as string[],
    endpoint: endpointOf('shared', { origin, limits }, undefined),
    tenants: new Map(Object.entries(tenants)),
    statements: () => statements,
    limit(next: Limits) {
      started.endpoint = endpointOf('shared', { origin, limits: next }, started.endpoint);
    },
    enter: (options: CallOptions = {}) => buckets.enter(planned(started.endpoint, options)),
    async close() {
      await buckets.close();
      await db.destroy();
    },
  };
  const buckets = new Buckets({
    db,
    executorId,
    log: { warn: () => {} },
    wake: (runIds) => started.woken.push(...runIds),
    limited: () => ({ endpoints: [started.endpoint], tenants: started.tenants }),
  });
  return Object.assign(started, { buckets });
}

function planned(endpoint: Endpoint, { tenant = 'default', tokens = 0, run, signal }: CallOptions): PlannedCall {
  return {
    id: crypto.randomUUID(),
    scope: {
      runId: run?.id,
      stepId: run?.step,
      step: 'Some.step',
      attempt: 1,
      tenant,
      signal: signal ?? new AbortController().signal,
      settleWithStep: () => false,
    },
    class: 'small',
    endpoint,
    estimate: { inputTokens: tokens, outputTokens: 0 },
    choice: {},
    fingerprint: undefined,
  };
}

/** The end of a call that used so many tokens. */
export function answered(tokens: number, headers?: Record<string, string>): CallEnd {
  const usage = {
    inputTokens: tokens,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    isEstimated: false,
  };
  return { kind: 'answered', usage, headers };
}

/** Processes on a database of the calling file, which has no buckets at the beginning of each test. */
export interface Processes {
  readonly database: TestDatabase;
  /** `startProcess` on it; the process ends with the test, if not before. */
  start(name: string, limits: Limits, tenants?: Record<string, TenantLimits>): Promise<Process>;
}

/** Has a database for the tests of the calling file. */
export function processesOfFile(): Processes {
  let database: TestDatabase;
  const processes = new Set<Process>();
  beforeAll(async () => {
    database = await freshDatabase();
  });
  beforeEach(async () => {
    await database.query(
      'TRUNCATE holdfast.bucket_levels, holdfast.bucket_flows, holdfast.bucket_slots, holdfast.bucket_waits, holdfast.leases',
    );
  });
  afterEach(async () => {
    await Promise.all([...processes].map((each) => each.close()));
  });
  afterAll(() => database?.drop());
  return {
    get database() {
      return database;
    },
    async start(name, limits, tenants) {
      const started = await startProcess(database, name, limits, tenants);
      const close = started.close.bind(started);
      processes.add(started);
      started.close = async () => {
        processes.delete(started);
        await close();
      };
      return started;
    },
  };
}
