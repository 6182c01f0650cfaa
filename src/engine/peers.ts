// What executors tell each other: lanes that got work, and runs that have ended. Sent only when there is somebody to hear it.

import pg from 'pg';
import { withConnectionName } from './connection-name.ts';
import type { EngineLog } from './logger.ts';

const LANES = 'holdfast_dispatch';
const ENDED = 'holdfast_ended';
const RECONNECT_MS = 1000;
const COALESCE_MS = { [LANES]: 2, [ENDED]: 20 };
/** Ids of ended runs that go into one notification, which may have 8,000 bytes. */
const MOST_IDS = 50;

type Channel = typeof LANES | typeof ENDED;

/** What happened in another process. */
export interface PeerEvents {
  onLane: (lane: string) => void;
  onEnded: (runId: string) => void;
  /** The connection was lost, and is there again: something may not have been heard. */
  onReconnected: () => void;
}

/** Listens to others, and tells them of us. Losing the connection costs time only: lanes and ends are also polled for. */
export class PeerSignals {
  readonly #databaseUrl: string;
  readonly #log: EngineLog;
  readonly #events: PeerEvents;
  readonly #pending = { [LANES]: new Set<string>(), [ENDED]: new Set<string>() };
  readonly #timers = new Map<Channel, NodeJS.Timeout>();
  #client: pg.Client | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(databaseUrl: string, log: EngineLog, events: PeerEvents) {
    this.#databaseUrl = withConnectionName(databaseUrl, 'holdfast signals');
    this.#log = log;
    this.#events = events;
  }

  /** Connects, and connects again whenever the connection is lost. */
  async start(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#databaseUrl, keepAlive: true });
    client.on('notification', ({ channel, payload = '' }) => this.#heard(channel, payload));
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(`LISTEN ${LANES}; LISTEN ${ENDED}`);
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
    this.#tell(LANES, lane);
  }

  /** Tells the other executors that a run has ended, for those who wait there for its result. */
  tellEnded(runId: string): void {
    this.#tell(ENDED, runId);
  }

  /** Ends the connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#reconnect);
    for (const channel of this.#timers.keys()) await this.#send(channel);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #heard(channel: string, payload: string): void {
    if (payload === '') return;
    if (channel === LANES) this.#events.onLane(payload);
    else for (const runId of payload.split(' ')) this.#events.onEnded(runId);
  }

  #tell(channel: Channel, what: string): void {
    this.#pending[channel].add(what);
    if (this.#timers.has(channel)) return;
    this.#timers.set(
      channel,
      setTimeout(() => void this.#send(channel), COALESCE_MS[channel]),
    );
  }

  async #send(channel: Channel): Promise<void> {
    clearTimeout(this.#timers.get(channel));
    this.#timers.delete(channel);
    const pending = [...this.#pending[channel]];
    this.#pending[channel].clear();
    const payloads = channel === LANES ? pending : inGroups(pending).map((ids) => ids.join(' '));
    await this.#client
      ?.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [channel, payloads])
      .catch(() => {
        // Lanes and ends are polled for as well.
      });
  }

  #lost(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    if (this.#stopped || this.#client) return;
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(
      () => void this.start().then(() => this.#client && this.#events.onReconnected()),
      RECONNECT_MS,
    );
  }
}

function inGroups(ids: string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, n) =>
    ids.slice(n * MOST_IDS, (n + 1) * MOST_IDS),
  );
}
