// `holdfast migrate [app]`: brings the database up to date without starting anything, for deploys with a role of their own.

import { Command } from 'commander';
import { readConfig } from '../config.ts';
import { jsonOption, print } from './output.ts';

/** Returns the command. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the database up to date')
    .argument('[app]', 'also apply the migrations of this app')
    .addOption(jsonOption())
    .action(async (app: string | undefined, flags: { json?: boolean }) => {
      const [{ migrateAll, reachDatabase }, { createLog }] = await Promise.all([
        import('../database.ts'),
        import('../observe/log.ts'),
      ]);
      const config = readConfig();
      const log = createLog({ level: 'warn', format: config.logFormat });
      const migrations = app === undefined ? undefined : await migrationsOf(app);
      const database = await reachDatabase(config, log);
      try {
        const applied = await migrateAll(database.url, migrations);
        const text = applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`;
        print(flags.json, { database: database.description, applied }, text);
      } finally {
        await database.stop();
      }
    });
}

async function migrationsOf(app: string): Promise<string | undefined> {
  const { loadApp } = await import('./load-app.ts');
  return (await loadApp(app)).migrations;
}
