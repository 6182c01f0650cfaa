// A file whose changes are noticed: by the events of its folder, because editors put a new file in place of the old one, and by a look now and
// then, because events get lost (network file systems, links into other folders).

import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pause } from './pause.ts';

/** The text of the file, or the code of the error that keeps it from being read, such as `ENOENT`. */
export type FileState = { text: string } | { error: string };

const LOOK_EVERY_MS = 5000;
const AFTER_EVENT_MS = 20;
/** A file that was read twice alike, this long apart, is not being written. */
const SETTLED_AFTER_MS = 50;
const LARGEST_BYTES = 4_000_000;

export class WatchedFile {
  readonly #path: string;
  readonly #onChange: (state: FileState) => void;
  readonly #every: number;
  #state: FileState = { error: 'ENOENT' };
  #watcher: FSWatcher | undefined;
  #interval: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  /** `onChange` is called with each state that differs from the one before; it must not throw. */
  constructor(path: string, onChange: (state: FileState) => void, lookEveryMs: number = LOOK_EVERY_MS) {
    this.#path = resolve(path);
    this.#onChange = onChange;
    this.#every = lookEveryMs;
  }

  /** Reads the file, begins to watch it, and returns what was read. It does not keep the process alive. */
  async start(): Promise<FileState> {
    // Watching begins first: what changes after the reading is noticed.
    this.#watch();
    this.#state = await readState(this.#path);
    this.#interval = setInterval(() => {
      this.#watch();
      this.#look();
    }, this.#every).unref();
    if (this.#again) this.#look();
    return this.#state;
  }

  /** Ends the watching; `onChange` is not called afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#interval);
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }

  /** Without a watcher (no such folder, or too many watchers) the looks have to do. */
  #watch(): void {
    if (this.#watcher || this.#stopped) return;
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, (_event, name) => {
        // Kubernetes exchanges the link `..data` beside the file, not the file.
        if (name === null || name === basename(this.#path) || name.startsWith('..')) this.#soon();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), AFTER_EVENT_MS).unref();
  }

  #look(): void {
    this.#again = true;
    if (!this.#interval) return;
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
  }

  async #lookOnce(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const found = await readState(this.#path);
      if (isSame(found, this.#state)) continue;
      await pause(SETTLED_AFTER_MS);
      if (!isSame(found, await readState(this.#path))) this.#again = true;
      else if (!this.#stopped) this.#onChange((this.#state = found));
    }
  }
}

async function readState(path: string): Promise<FileState> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    return size > LARGEST_BYTES ? { error: 'EFBIG' } : { text: await file.readFile('utf8') };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? 'EIO' };
  }
}

function isSame(a: FileState, b: FileState): boolean {
  return 'text' in a ? 'text' in b && a.text === b.text : 'error' in b && a.error === b.error;
}
