// How executors wake each other: a notification with the lane's name, sent only when there is somebody to hear it.

import pg from 'pg';
import { withConnectionName } from './connection-name.ts';
import type { EngineLog } from './logger.ts';

const CHANNEL = 'holdfast_dispatch';
const RECONNECT_MS = 1000;
const COALESCE_MS = 2;

/** Listens for lanes that got work, and tells others of ours. Losing the connection costs time only: lanes are also polled. */
export class PeerSignals {
  readonly #databaseUrl: string;
  readonly #log: EngineLog;
  readonly #onLane: (lane: string) => void;
  readonly #pending = new Set<string>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(databaseUrl: string, log: EngineLog, onLane: (lane: string) => void) {
    this.#databaseUrl = withConnectionName(databaseUrl, 'holdfast signals');
    this.#log = log;
    this.#onLane = onLane;
  }

  /** Connects, and connects again whenever the connection is lost. */
  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#databaseUrl, keepAlive: true });
    client.on('notification', (message) => message.payload && this.#onLane(message.payload));
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      this.#client = client;
      if (this.#stopped) await this.stop();
    } catch (error) {
      this.#log.debug(`No connection for signals yet: ${(error as Error).message}`);
      await client.end().catch(() => {});
      this.#lost(client);
    }
  }

  /** Tells the other executors that `lane` has work. Many calls within two milliseconds are one message. */
  tell(lane: string): void {
    this.#pending.add(lane);
    this.#timer ??= setTimeout(() => void this.#send(), COALESCE_MS);
  }

  /** Ends the connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#reconnect);
    if (this.#timer) await this.#send();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lanes = [...this.#pending];
    this.#pending.clear();
    await this.#client
      ?.query('SELECT pg_notify($1, lane) FROM unnest($2::text[]) AS lane', [CHANNEL, lanes])
      .catch(() => {
        // Lanes are polled as well.
      });
  }

  #lost(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    if (this.#stopped || this.#client) return;
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => void this.start(), RECONNECT_MS);
  }
}
