// What the process and the thread that renews its lease tell each other.

import type { LeaseHolder } from '../../store/leases.ts';

/** What the thread has to do. */
export interface HeartbeatTask {
  databaseUrl: string;
  holder: LeaseHolder;
  ttlMs: number;
  beatMs: number;
  /** A process whose own thread did nothing for so long hangs for good: its runs are better off elsewhere. */
  hangsAfterMs: number;
  /** A 32-bit number that the process's own thread changes whenever it gets round to it. */
  pulse: SharedArrayBuffer;
}

/** Sent after each attempt to renew the lease. */
export type HeartbeatReport = { kind: 'renewed' } | { kind: 'failed'; message: string };
