// A share in a running server that ends with the process which holds it, however it ends: the open write end of a FIFO, which the kernel
// closes. The server's watcher (watcher.ts) reads the FIFO, and sees its end when the last share is gone.

import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause } from '../../lib/pause.ts';
import type { Account } from './account.ts';

const ASK_AGAIN_MS = 250;
const LOOK_AGAIN_MS = 5;

/** The FIFO's place in a data directory. */
export function leaseFile(dataDir: string): string {
  return join(dataDir, 'lease.fifo');
}

/** Makes the FIFO in `dataDir` unless it is there. */
export async function createLeaseFile(dataDir: string, account: Account | undefined): Promise<void> {
  if (existsSync(leaseFile(dataDir))) return;
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', leaseFile(dataDir)], { ...account, cwd: '/' });
  } catch (error) {
    if (!existsSync(leaseFile(dataDir))) throw error;
  }
}

/** A share in the server of one data directory. */
export class Lease {
  readonly #dataDir: string;
  readonly #reader: number;
  #writer: number | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    // The reader first: a FIFO that nobody reads cannot be opened for writing without waiting.
    this.#reader = openSync(leaseFile(dataDir), constants.O_RDONLY | constants.O_NONBLOCK);
    this.#writer = openSync(leaseFile(dataDir), constants.O_WRONLY | constants.O_NONBLOCK);
  }

  /**
   * Asks the watcher of the running server to confirm that it has not seen the FIFO's end before we opened it, that is, that it is not
   * about to stop the server. Returns false when no answer came within `waitMs` milliseconds, or `gone()` became true.
   */
  async confirm(waitMs: number, gone: () => boolean): Promise<boolean> {
    const token = randomBytes(8).toString('hex');
    const answer = join(this.#dataDir, `lease.${token}`);
    const started = performance.now();
    try {
      for (let asked = -Infinity; performance.now() - started < waitMs && !gone(); await pause(LOOK_AGAIN_MS)) {
        if (existsSync(answer)) return true;
        if (performance.now() - asked < ASK_AGAIN_MS) continue;
        asked = performance.now();
        this.#write(`${token}\n`);
      }
      return false;
    } finally {
      rmSync(answer, { force: true });
    }
  }

  /** Gives the share back. Afterwards `isWanted` tells whether somebody else still has one. */
  release(): void {
    if (this.#writer === undefined) return;
    closeSync(this.#writer);
    this.#writer = undefined;
  }

  /** Returns whether any process holds a share. */
  isWanted(): boolean {
    try {
      return readSync(this.#reader, Buffer.alloc(64)) > 0;
    } catch (error) {
      // A FIFO that is empty but has a writer has nothing to read yet; without a writer it is at its end.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true;
      throw error;
    }
  }

  /** Lets go of everything; the lease cannot be used any more. */
  close(): void {
    this.release();
    closeSync(this.#reader);
  }

  #write(line: string): void {
    try {
      writeSync(this.#writer!, line);
    } catch (error) {
      // The FIFO is full: nobody has read it for a while, and nobody would read this line either.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
