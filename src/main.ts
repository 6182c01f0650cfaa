// The entry of a service process: starts an app, says where it is, and stops it in an orderly way.

import type { App, AppParts } from './app.ts';
import type { Config } from './config.ts';
import { HoldfastError } from './core/errors.ts';
import { modelsLine } from './inference/registry/view.ts';
import { createLog, type Logger } from './observe/log.ts';
import type { RunningApp } from './running-app.ts';

/** Runs `app` until SIGTERM, SIGINT or SIGHUP, then ends the process: 0 after an orderly stop, 1 when it could not start. */
export async function main(app: App, config: Config, parts: AppParts = {}): Promise<void> {
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  process.on('unhandledRejection', (error) =>
    log.error({ err: error }, 'A promise was rejected that nobody waited for.'),
  );
  for (const notice of config.notices) log.warn(notice);
  try {
    const running = await app.start(config, log, parts);
    announce(running, app, config, log);
    await untilAborted(stopping.signal);
    await stop(running, config, log);
    process.exit(0);
  } catch (error) {
    fail(error, log);
  }
}

function announce(running: RunningApp, app: App, config: Config, log: Logger): void {
  log.info(`Database: ${running.database.description}`);
  log.info(modelsLine(running.models.view()));
  log.info(`Workflows: ${app.catalogue.workflows.map((entry) => entry.name).join(', ')}`);
  log.info(
    config.auth === 'off'
      ? 'Authentication: off, because only this machine can connect'
      : 'Authentication: API keys are required; `holdfast keys create --tenant <tenant>` makes one',
  );
  log.info(`Holdfast is ready at ${running.url} (API reference: ${running.url}/docs)`);
}

async function stop(running: RunningApp, config: Config, log: Logger): Promise<void> {
  log.info(`Stopping: running steps have ${config.graceMs / 1000} s to end.`);
  const cutOff = await running.stop();
  if (cutOff > 0) log.warn(`${cutOff} running ${cutOff === 1 ? 'step was' : 'steps were'} cut off and will run again.`);
  log.info('Stopped.');
}

function fail(error: unknown, log: Logger): never {
  if (error instanceof HoldfastError) log.fatal(error.message);
  else log.fatal({ err: error }, 'Holdfast could not start.');
  process.exit(1);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
    // A listener alone does not keep the process alive.
    setInterval(() => {}, 2 ** 30);
  });
}
