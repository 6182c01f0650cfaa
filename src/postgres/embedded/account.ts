// Which account the server runs as: Postgres refuses to run as root, so root lends it one that exists everywhere.

import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { Unavailable } from '../../core/errors.ts';

/** The ids to run the server's programs with; empty for our own. */
export interface Account {
  uid?: number;
  gid?: number;
}

/** Returns the account for the server's programs. @throws Unavailable `embedded_no_account` */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  throw new Unavailable(
    'embedded_no_account',
    "Running as root, and there is neither an account 'postgres' nor 'nobody' to run the embedded Postgres as: start as another user, or set DATABASE_URL.",
  );
}

/** Gives `path` to the account. */
export function giveTo(account: Account, path: string): void {
  if (account.uid !== undefined) chownSync(path, account.uid, account.gid!);
}

/** Tells whether the account may do what the `test` flag says (`-x`: enter or execute) with `path`. */
export function may(account: Account, flag: '-x' | '-w', path: string): boolean {
  if (account.uid === undefined) return true;
  return spawnSync('/usr/bin/test', [flag, path], { ...account, cwd: '/' }).status === 0;
}
