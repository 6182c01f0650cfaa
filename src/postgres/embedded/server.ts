// The Postgres server that a service brings along: started when it does not run, shared when it does, gone with its last user.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HoldfastError, Unavailable } from '../../core/errors.ts';
import { pause } from '../../lib/pause.ts';
import { type Account, clusterOwner, serverAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { ensureCluster, readCredentials } from './cluster.ts';
import { chooseDirectory, directoryError } from './directory.ts';
import { Lease } from './lease.ts';
import { freePort, portIsFree } from './port.ts';
import { type Postmaster, isPostmaster, lastPostmaster, runningPostmaster, stalePidLine } from './postmaster.ts';
import { ServerLog } from './server-log.ts';
import { adopt, launch, LOCKED_STATUS } from './watcher.ts';

export interface EmbeddedOptions {
  /** Where the data lies; made when it is not there. */
  dataDir: string;
  /** The port on 127.0.0.1 to listen on; any free one when it is left out. A server that runs already keeps its own. */
  port?: number;
  log?: (line: string) => void;
  /** How long to wait for the server, in milliseconds. */
  deadlineMs?: number;
  /** Postgres settings for a server that is started by this call. */
  settings?: Record<string, string>;
}

/** A running server, and our share in it. */
export interface EmbeddedServer {
  /** Returns the URL of a database, with the password. */
  url(database?: string): string;
  port: number;
  pid: number;
  /** Whether the server ran already. */
  attached: boolean;
  /** How long it took until the server answered, in milliseconds. */
  startMs: number;
  /** The real path of the data directory. */
  dataDir: string;
  /** Gives our share back. Resolves when the server has stopped, or at once when somebody else still uses it. */
  stop(): Promise<void>;
}

/** What the functions below need to know of one start. */
interface Start {
  dataDir: string;
  account: Account | undefined;
  binaries: Binaries;
  port: number | undefined;
  settings: Record<string, string>;
  log: (line: string) => void;
  gone(): boolean;
}

const LOOK_AGAIN_MS = 10;
const SLOWEST_TRY_MS = 250;
const LOCKED = 'its folder is in use by a server that this process cannot see, perhaps in another container';
/** A start may fail because another one is at it, or a killed server's last processes are still there; then it is worth another try. */
const PASSING = new RegExp(`^$|^${LOCKED}$|lock file|shared memory block|could not (bind|create any TCP)`);
/** Any other failure is no better after this many tries. */
const MOST_FAILURES = 3;
const WATCHER_ANSWERS_WITHIN_MS = 1000;
/** A fast shutdown takes milliseconds, unless the disk is slow; nobody waits for it longer than this. */
const STOPS_WITHIN_MS = 10_000;

/** Returns whether a server with its data in `dataDir` was ever started, without making anything of it. */
export function hasCluster(dataDir: string): boolean {
  if (!existsSync(dirname(dataDir))) return false;
  return existsSync(join(chooseDirectory(dataDir, accountFor(dataDir)), 'PG_VERSION'));
}

/**
 * Starts the server of a data directory, or joins it when it runs. The server lives as long as any process that called this and has
 * not called `stop`; a process that is killed counts as one that has.
 * @throws Unavailable with a code that begins with `embedded_` when the server cannot be had, `port_in_use` when `port` is taken
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { deadlineMs = 30_000, settings = {}, port, log = () => {} } = options;
  const started = performance.now();
  const dataDir = chooseDirectory(options.dataDir, accountFor(options.dataDir));
  const account = accountFor(dataDir);
  const binaries = findBinaries(account);
  await ensureCluster(dataDir, binaries, account);
  const lease = openLease(dataDir);
  try {
    const start: Start = {
      dataDir,
      account,
      binaries,
      port,
      settings,
      log,
      gone: () => performance.now() - started > deadlineMs,
    };
    const { postmaster, attached } = await joinOrStart(start, lease);
    const startMs = Math.round(performance.now() - started);
    log(
      `embedded Postgres ${attached ? 'joined' : 'started'} in ${startMs} ms: port ${postmaster.port}, data in ${dataDir}`,
    );
    return share(dataDir, postmaster, lease, { attached, startMs });
  } catch (error) {
    lease.close();
    throw error;
  }
}

function accountFor(dataDir: string): Account | undefined {
  return clusterOwner(dataDir) ?? serverAccount();
}

function openLease(dataDir: string): Lease {
  try {
    return new Lease(dataDir);
  } catch (error) {
    throw directoryError(dataDir, error);
  }
}

/** Several processes may do this at once: Postgres lets one server have the data directory, and the others join it. */
async function joinOrStart(start: Start, lease: Lease): Promise<{ postmaster: Postmaster; attached: boolean }> {
  let reason = 'no server became ready in time';
  let wait = LOOK_AGAIN_MS;
  for (let failures = 0; !start.gone() && failures < MOST_FAILURES; await pause(wait)) {
    const running = runningPostmaster(start.dataDir);
    if (running !== undefined) {
      wait = LOOK_AGAIN_MS;
      const usable = running.status === 'ready' && (await confirmed(start, lease, running));
      if (usable) return { postmaster: running, attached: true };
      continue;
    }
    const outcome = await startServer(start);
    if (typeof outcome !== 'string') return { postmaster: outcome, attached: false };
    if (!PASSING.test(outcome)) failures++;
    if (outcome !== '' && outcome !== reason) start.log(`embedded Postgres: ${(reason = outcome)}`);
    wait = Math.min(wait * 2, SLOWEST_TRY_MS);
  }
  throw new Unavailable(
    'embedded_start',
    `The embedded Postgres with its data in ${start.dataDir} could not be started: ${reason}. ` +
      'Its log is embedded.log in that folder. Set DATABASE_URL to use another Postgres server.',
  );
}

/** A running server is ours to use once its watcher knows of our lease. One whose watcher is gone gets another. */
async function confirmed({ dataDir, account, log }: Start, lease: Lease, { pid }: Postmaster): Promise<boolean> {
  const stopping = () => runningPostmaster(dataDir)?.status !== 'ready';
  if (await lease.confirm(WATCHER_ANSWERS_WITHIN_MS, stopping)) return !stopping();
  if (stopping()) return false;
  log(`embedded Postgres ${pid} has no watcher any more: it gets a new one`);
  adopt(dataDir, account, pid);
  return !stopping();
}

/** Starts a server and returns it, or what its log says when it did not come up. @throws Unavailable `port_in_use` */
async function startServer(start: Start): Promise<Postmaster | string> {
  const lastPort = lastPostmaster(start.dataDir)?.port;
  const stale = stalePidLine(start.dataDir);
  if (start.port !== undefined && !(await portIsFree(start.port))) return portInUse(start, start.port);
  const port = start.port ?? (await choosePort(lastPort));
  const serverLog = new ServerLog(start.dataDir);
  const child = launch({ ...start, port, stale, postgres: start.binaries.postgres });
  const failure = failureOf(child);
  for (;;) {
    const running = runningPostmaster(start.dataDir);
    if (running?.status === 'ready' && running.port === port) return running;
    const ended = await Promise.race([failure, pause(LOOK_AGAIN_MS)]);
    if (ended === undefined && !start.gone()) continue;
    if (ended === LOCKED) return LOCKED;
    const said = serverLog.read() || ended || '';
    if (start.port !== undefined && said.includes('could not bind')) return portInUse(start, start.port);
    return said;
  }
}

/** Apps that used a server which was killed look for it where it was. */
async function choosePort(lastPort: number | undefined): Promise<number> {
  return lastPort !== undefined && lastPort > 0 && (await portIsFree(lastPort)) ? lastPort : freePort();
}

/** Another start of the same server may be the one that has the port: then there is no error, and the caller joins it. */
function portInUse({ dataDir }: Start, port: number): string {
  if (runningPostmaster(dataDir)) return '';
  throw new Unavailable(
    'port_in_use',
    `Port ${port} on 127.0.0.1, which the embedded Postgres is to listen on, is in use by another program. Stop that program or choose another port.`,
  );
}

/** Resolves with a sentence when the watcher ended, which it does with its server, or could not be started. */
async function failureOf(child: ChildProcess): Promise<string> {
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return status === LOCKED_STATUS ? LOCKED : `Postgres ended with status ${status ?? signal}`;
  } catch (error) {
    return (error as HoldfastError).message;
  }
}

function share(
  dataDir: string,
  { pid, port }: Postmaster,
  lease: Lease,
  facts: { attached: boolean; startMs: number },
): EmbeddedServer {
  const { user, password } = readCredentials(dataDir);
  let stopped: Promise<void> | undefined;
  return {
    ...facts,
    dataDir,
    pid,
    port,
    url: (database = 'postgres') =>
      `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop: () => (stopped ??= giveBack(dataDir, pid, lease)),
  };
}

async function giveBack(dataDir: string, pid: number, lease: Lease): Promise<void> {
  lease.release();
  const started = performance.now();
  // The server may be another one than at first, if it was killed since. It removes its file a moment before it ends.
  for (let last = pid; !lease.isWanted() && performance.now() - started < STOPS_WITHIN_MS; await pause(LOOK_AGAIN_MS)) {
    last = runningPostmaster(dataDir)?.pid ?? last;
    if (!isPostmaster(last, dataDir)) break;
  }
  lease.close();
}
