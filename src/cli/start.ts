// `holdfast start [app]`: runs an app as a service.

import { Command, Option } from 'commander';
import { currentEnvironment, readConfig } from '../config.ts';

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
      const [{ main }, { loadApp }] = await Promise.all([import('../main.ts'), import('./load-app.ts')]);
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
