// Finds the app that a command is about.

import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App } from '../app.ts';
import { InvalidInput } from '../core/errors.ts';

const ADVICE = 'name the built file whose default export is createApp({ … })';
/** What Node can load as a module. */
const MODULE = /^(\.[cm]?[jt]s)?$/;

/** Loads the module at `path` and returns the app that it exports. @throws InvalidInput `app_not_found` and `not_an_app` */
export async function loadApp(path: string): Promise<App> {
  if (!MODULE.test(extname(path))) {
    throw new InvalidInput('not_an_app', `'${path}' is not a module: ${ADVICE}.`);
  }
  const url = pathToFileURL(resolve(path)).href;
  let module: { default?: unknown; app?: unknown };
  try {
    module = (await import(url)) as typeof module;
  } catch (error) {
    const { code, url: missing } = error as NodeJS.ErrnoException & { url?: string };
    if (code !== 'ERR_MODULE_NOT_FOUND' || missing !== url) throw error;
    throw new InvalidInput('app_not_found', `There is no module '${path}': ${ADVICE}.`);
  }
  const app = module.default ?? module.app;
  if (app instanceof App) return app;
  throw new InvalidInput(
    'not_an_app',
    `'${path}' does not export an app: its default export must be createApp({ … }).`,
  );
}
