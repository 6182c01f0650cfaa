// `holdfast start [app]`: runs an app as a service.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, Option } from 'commander';
import { App } from '../app.ts';
import { currentEnvironment, readConfig } from '../config.ts';
import { InvalidInput } from '../core/errors.ts';
import { main } from '../main.ts';

interface StartFlags {
  role?: string;
  lanes?: string;
  port?: string;
  host?: string;
}

/** The module that is started when none is named. */
export const DEFAULT_APP = 'dist/app.js';

/** Returns the command. */
export function startCommand(): Command {
  return new Command('start')
    .description('run an app as a service until it is told to stop')
    .argument('[app]', 'the module whose default export is createApp({ … })', DEFAULT_APP)
    .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']))
    .option('--lanes <names>', 'the lanes to take runs from, with commas between them (default: all)')
    .option('--port <port>', 'where to listen (default: PORT, else 3000)')
    .option('--host <address>', 'where to listen (default: HOST, else 127.0.0.1)')
    .action(async (app: string, flags: StartFlags) => {
      const config = readConfig(currentEnvironment(overrides(flags)));
      await main(await loadApp(app), config);
    });
}

/** What a flag says goes before what the environment says. */
function overrides(flags: StartFlags): Record<string, string> {
  const given = { HOLDFAST_ROLE: flags.role, HOLDFAST_LANES: flags.lanes, PORT: flags.port, HOST: flags.host };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Loads the module at `path` and returns the app that it exports. @throws InvalidInput `app_not_found` and `not_an_app` */
export async function loadApp(path: string): Promise<App> {
  const url = pathToFileURL(resolve(path)).href;
  let module: { default?: unknown; app?: unknown };
  try {
    module = (await import(url)) as typeof module;
  } catch (error) {
    const { code, url: missing } = error as NodeJS.ErrnoException & { url?: string };
    if (code !== 'ERR_MODULE_NOT_FOUND' || missing !== url) throw error;
    throw new InvalidInput(
      'app_not_found',
      `There is no module '${path}': name the built file whose default export is createApp({ … }).`,
    );
  }
  const app = module.default ?? module.app;
  if (app instanceof App) return app;
  throw new InvalidInput(
    'not_an_app',
    `'${path}' does not export an app: its default export must be createApp({ … }).`,
  );
}
