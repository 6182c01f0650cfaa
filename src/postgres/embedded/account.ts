// Which account the embedded server runs as (Postgres refuses to run as root), and which places that account can reach.

import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Unavailable } from '../../core/errors.ts';

/** An account of the operating system, in the form that child processes are started with. */
export interface Account {
  uid: number;
  gid: number;
}

/** In order of preference; one of them is there on every common system, so that none has to be made. macOS has the second. */
const STAND_INS = ['postgres', '_postgres', 'nobody'];

/**
 * Returns the account to run Postgres as, or undefined to run it as ourselves, which is what everybody but root does.
 * @throws Unavailable `embedded_account` when root finds no account to hand the server to
 */
export function serverAccount(uid = process.getuid?.(), passwdFile = '/etc/passwd'): Account | undefined {
  if (uid !== 0) return undefined;
  const entries = readFileSync(passwdFile, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of STAND_INS) {
    const entry = entries.find(([login]) => login === name);
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Unavailable(
    'embedded_account',
    `Postgres refuses to run as root, and ${passwdFile} has none of the accounts ${STAND_INS.join(', ')} to run it as. ` +
      'Start the app as another user, or set DATABASE_URL.',
  );
}

/**
 * Returns the account that owns the cluster in `dataDir`, which is the only one that Postgres runs it as; undefined when there is no
 * cluster, or when we are not root and have no choice. So root can use what another user made, and leaves it usable for that user.
 */
export function clusterOwner(dataDir: string, uid = process.getuid?.()): Account | undefined {
  if (uid !== 0) return undefined;
  const owner = statSync(join(dataDir, 'PG_VERSION'), { throwIfNoEntry: false });
  return owner === undefined || owner.uid === 0 ? undefined : { uid: owner.uid, gid: owner.gid };
}

/** Returns whether `account` may read and execute `path`, and pass through every folder above it. Undefined stands for ourselves: yes. */
export function canReach(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  if (!allows(path, account, 0o5)) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!allows(folder, account, 0o1)) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Decides as the kernel does: the owner's bits for the owner, else the group's for the group, else those of the others. */
function allows(path: string, account: Account, wanted: number): boolean {
  const { uid, gid, mode } = statSync(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}
