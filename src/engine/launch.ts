// Starts the DBOS SDK on our system database, and keeps trying while the database comes and goes.

import { DBOS, type DBOSConfig } from '@dbos-inc/dbos-sdk';
import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import type { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import system from '@dbos-inc/dbos-sdk/internal/system_database';
import type { SystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import utils from '@dbos-inc/dbos-sdk/internal/utils';
import { isConnectionError } from '../core/connection-error.ts';
import { Unavailable } from '../core/errors.ts';
import { pause } from '../lib/pause.ts';
import type { EngineLog } from './logger.ts';

const RETRY_MS = 500;
/** The SDK looks for schedules in its own tables; there are none. */
const SCHEDULES_EVERY_MS = 60_000;
/** How soon a run asks again after its connection was lost. By itself the SDK would wait a second at first, and a minute in the end. */
const ASKS_AGAIN = { initialBackoffSec: 0.1, maxBackoffSec: 2 };

/**
 * Launches the SDK with `Database` as its system database and returns its executor. Lost connections are retried for `deadlineMs`.
 * @throws Unavailable `engine_not_installed` when the SDK did not take the system database
 */
export async function launchSdk(
  config: DBOSConfig,
  Database: typeof SystemDatabase,
  log: EngineLog,
  deadlineMs: number,
): Promise<DBOSExecutor> {
  const deadline = Date.now() + deadlineMs;
  Object.assign(utils.dbRetryConfig, ASKS_AGAIN);
  for (;;) {
    try {
      DBOS.setConfig({ ...config, runMigrations: false, schedulerPollingIntervalMs: SCHEDULES_EVERY_MS });
      await launchWith(Database);
      return installedExecutor(Database);
    } catch (error) {
      await DBOS.shutdown().catch(() => {});
      if (!isConnectionError(error) || Date.now() > deadline) throw error;
      log.warn(`The engine could not start, trying again: ${(error as Error).message}`);
      await pause(RETRY_MS);
    }
  }
}

/**
 * The SDK looks its system database's class up in the module's exports, during the part of `launch` that runs before its first
 * await. So the exchange has to last for the call only, and touches nobody else.
 */
function launchWith(Database: typeof SystemDatabase): Promise<void> {
  const exported = system as { SystemDatabase: typeof SystemDatabase };
  const stock = exported.SystemDatabase;
  exported.SystemDatabase = Database;
  try {
    return DBOS.launch();
  } finally {
    exported.SystemDatabase = stock;
  }
}

function installedExecutor(Database: typeof SystemDatabase): DBOSExecutor {
  const executor = executors.DBOSExecutor.globalInstance;
  if (executor?.systemDatabase instanceof Database) return executor;
  throw new Unavailable(
    'engine_not_installed',
    'The DBOS SDK did not start on the system database of this engine: install the version that package.json pins.',
  );
}
