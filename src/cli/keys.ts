// `holdfast keys`: makes, lists and revokes API keys, directly in the database.

import { Command } from 'commander';
import { createKey, revoke } from '../admission/keys.ts';
import { listKeys } from '../store/api-keys.ts';
import { withDatabase } from './database.ts';
import { jsonOption, print, table } from './output.ts';

interface Flags {
  json?: boolean;
}

/** Returns the command. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('make, list and revoke API keys');
  keys
    .command('create')
    .description('make a key for a tenant; it is shown once')
    .requiredOption('--tenant <tenant>', 'whose runs the key starts and sees')
    .option('--name <name>', 'who uses the key: the person or program that starts runs and decides with it', '')
    .option('--role <role>', 'what its user may decide; may be given more than once', several, [])
    .addOption(jsonOption())
    .action((flags: Flags & { tenant: string; name: string; role: string[] }) =>
      withDatabase('keys', async (db) => {
        const created = await createKey(db, { tenant: flags.tenant, name: flags.name, roles: flags.role });
        print(
          flags.json,
          created,
          `${created.key}\n\nThis is the only time that the key is shown. It belongs to tenant '${created.tenant}'.`,
        );
      }),
    );
  keys
    .command('list')
    .description('list the keys')
    .addOption(jsonOption())
    .action((flags: Flags) =>
      withDatabase('keys', async (db) => {
        const rows = await listKeys(db);
        const lines = rows.map((row) => [
          row.hint,
          row.tenant,
          row.createdAt.toISOString(),
          row.revokedAt?.toISOString() ?? '',
          row.roles.join(','),
          row.name,
        ]);
        print(
          flags.json,
          rows,
          rows.length === 0
            ? 'There are no keys.'
            : table(['KEY', 'TENANT', 'CREATED', 'REVOKED', 'ROLES', 'NAME'], lines),
        );
      }),
    );
  keys
    .command('revoke')
    .description('refuse a key from now on')
    .argument('<key>', "the key's id, or its first characters as 'keys list' shows them")
    .addOption(jsonOption())
    .action((key: string, flags: Flags) =>
      withDatabase('keys', async (db) => {
        const row = await revoke(db, key);
        print(flags.json, row, `The key ${row.hint}… of tenant '${row.tenant}' is revoked.`);
      }),
    );
  return keys;
}

function several(value: string, before: string[]): string[] {
  return [...before, value];
}
