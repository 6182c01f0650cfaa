// The small shell process beside a server: it starts the server, confirms leases, and stops the server when the last lease is gone. It
// is no child that could die with us: it has a session of its own, and only built-in commands of the shell.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Account } from './account.ts';
import { leaseFile } from './lease.ts';

/**
 * Reads leases from descriptor 3. Every line is somebody's question whether we are still listening; the end is the end of all leases. It
 * then asks the server to stop until it is gone, because one that has only just begun does not hear it; for a minute at most, because a
 * dead process that nobody takes note of looks as if it were there.
 */
const WATCH = `watch() {
  while read -r token; do : >"$DIR/lease.$token"; done <&3
  trap '' TERM
  rounds=0
  while [ "$rounds" -lt 600 ] && running "$1" && kill -INT "$1" 2>/dev/null; do rounds=$((rounds + 1)); sleep 0.1; done
}`;

/** The status of a watcher that found the data directory locked by another one (EX_TEMPFAIL of sysexits.h). */
export const LOCKED_STATUS = 75;

/**
 * The lock on descriptor 9 is held by the watcher, the server and its processes, until the last of them is gone. It belongs to the file
 * and not to a process number, so it also keeps out a server in another container that has the same volume: to that one postmaster.pid
 * names some process of its own, or none. Where there is no flock (macOS) Postgres's own lock has to do.
 */
const LOCK = `if command -v flock >/dev/null; then
  exec 9>>"$DIR/embedded.lock"
  flock -n 9 || [ $? -ne 1 ] || exit ${LOCKED_STATUS}
fi
if [ -n "\${STALE+set}" ]; then
  line=
  read -r line <"$DIR/postmaster.pid"
  [ "$line" = "$STALE" ] && rm -f "$DIR/postmaster.pid"
fi`;

/**
 * A server that was killed is started again on its port, so that the apps which use it find it where it was. Until the last processes of
 * the killed one are gone that may fail; it is tried for about five seconds. When the watch has ended by itself nobody wants the server
 * any more.
 */
const START = `${WATCH}
running() { :; }
${LOCK}
tries=0
while true; do
  "$POSTGRES" -D "$DIR" "$@" >>"$DIR/embedded.log" 2>&1 3<&- &
  server=$!
  watch "$server" &
  watcher=$!
  wait "$server"
  status=$?
  kill "$watcher" 2>/dev/null
  wait "$watcher"
  [ $? -gt 128 ] || exit "$status"
  if [ "$status" -gt 128 ]; then tries=50
  elif [ "$status" -eq 0 ] || [ "$tries" -eq 0 ]; then exit "$status"
  else tries=$((tries - 1)); sleep 0.1
  fi
done`;

/** The server is not our child: when it is gone, its number may be somebody else's. */
const ADOPT = `${WATCH}
running() {
  pid=
  read -r pid <"$DIR/postmaster.pid"
  [ "$pid" = "$1" ]
}
watch "$1"`;

/** What a server is started with. */
export interface Launch {
  dataDir: string;
  postgres: string;
  account: Account | undefined;
  port: number;
  settings: Record<string, string>;
  /** The first line of a postmaster.pid that is in the way. */
  stale: string | undefined;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  /** Enough for several processes of an app with full pools, and for people who look at the data. */
  max_connections: '200',
};

/** The server takes its language from its cluster, never from its surroundings. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', LANG: 'C', TZ: 'UTC' };

/**
 * Starts a server and its watcher. The caller holds a lease. The returned process ends when the server has ended, with its status.
 */
export function launch({ dataDir, postgres, account, port, settings, stale }: Launch): ChildProcess {
  const all = { ...SETTINGS, port: String(port), ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const environment = { POSTGRES: postgres, ...(stale === undefined ? {} : { STALE: stale }) };
  return watcher(dataDir, account, ['-c', START, 'holdfast-postgres', ...flags], environment);
}

/** Gives a running server whose watcher was killed a new one. The caller holds a lease. */
export function adopt(dataDir: string, account: Account | undefined, pid: number): void {
  watcher(dataDir, account, ['-c', ADOPT, 'holdfast-postgres', String(pid)], {});
}

function watcher(
  dataDir: string,
  account: Account | undefined,
  args: string[],
  environment: Record<string, string>,
): ChildProcess {
  // Opened by us, who hold a lease, and handed over: a watcher that opened it itself would wait for ever if we died before that.
  const reader = openSync(leaseFile(dataDir), constants.O_RDONLY);
  try {
    const child = spawn('/bin/sh', args, {
      ...account,
      cwd: dataDir,
      detached: true,
      env: { ...SERVER_ENVIRONMENT, DIR: dataDir, ...environment },
      stdio: ['ignore', 'ignore', 'ignore', reader],
    });
    child.unref();
    return child;
  } finally {
    closeSync(reader);
  }
}
