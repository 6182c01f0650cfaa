// The file that the servers of a data directory write their messages to.

import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LARGEST_BYTES = 4 * 1024 * 1024;
const SHOWN_BYTES = 4096;
const SHOWN_LINES = 6;
/** Time and process before a line. */
const STAMP = /^\S+ \S+ UTC \[\d+\] /gm;

/** The part of the log that is written after this was made. A log that has grown large is put aside first. */
export class ServerLog {
  readonly #file: string;
  readonly #from: number;

  constructor(dataDir: string) {
    this.#file = join(dataDir, 'embedded.log');
    const size = this.#size();
    if (size > LARGEST_BYTES) renameSync(this.#file, `${this.#file}.1`);
    this.#from = size > LARGEST_BYTES ? 0 : size;
  }

  /** Returns the last lines of our part, without their time stamps; the empty string when there are none. */
  read(): string {
    const size = this.#size();
    const from = Math.max(this.#from, size - SHOWN_BYTES);
    if (size <= from) return '';
    const buffer = Buffer.alloc(size - from);
    const file = openSync(this.#file, 'r');
    try {
      readSync(file, buffer, 0, buffer.length, from);
    } finally {
      closeSync(file);
    }
    return buffer.toString('utf8').replace(STAMP, '').trim().split('\n').slice(-SHOWN_LINES).join('\n');
  }

  #size(): number {
    return statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }
}
