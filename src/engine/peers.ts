// What executors tell each other: lanes that got work, runs that have ended, what models say. Sent only when there is somebody to hear it.

import pg from 'pg';
import { withConnectionName } from './connection-name.ts';
import type { EngineLog } from './logger.ts';

const LANES = 'holdfast_dispatch';
const ENDED = 'holdfast_ended';
const TOKENS = 'holdfast_tokens';
const RECONNECT_MS = 1000;
const COALESCE_MS = { [LANES]: 2, [ENDED]: 20, [TOKENS]: 10 };
/** Ids of runs that go into one notification, which may have 8,000 bytes. */
const MOST_IDS = 50;

type Channel = keyof typeof COALESCE_MS;

/** Of a run whose models speak: there is more of what they say, or the record of a step that has it. */
export type TokenNews = 'tokens' | 'record';
/** How they stand before the id of the run. */
const MARKS = { tokens: '+', record: '=' };

/** What happened in another process. */
export interface PeerEvents {
  onLane: (lane: string) => void;
  onEnded: (runId: string) => void;
  /** The connection was lost, and is there again: something may not have been heard. */
  onReconnected: () => void;
  /** Whether there are other executors. */
  hasPeers?: () => boolean;
}

/** Hears of runs whose models speak in other processes. */
export type TokenListener = (runId: string, what: TokenNews) => void;

/** Listens to others, and tells them of us. Losing the connection costs time only: lanes and ends are also polled for. */
export class PeerSignals {
  readonly #databaseUrl: string;
  readonly #log: EngineLog;
  readonly #events: PeerEvents;
  readonly #pending = { [LANES]: new Set<string>(), [ENDED]: new Set<string>(), [TOKENS]: new Set<string>() };
  readonly #timers = new Map<Channel, NodeJS.Timeout>();
  #client: pg.Client | undefined;
  #asking = Promise.resolve();
  #reconnect: NodeJS.Timeout | undefined;
  readonly #followers = new Set<TokenListener>();
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
      if (this.#followers.size > 0) void this.#ask(`LISTEN ${TOKENS}`);
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

  /** Tells the other executors of a run whose models speak, for those who follow it there. */
  tellTokens(runId: string, what: TokenNews): void {
    if (this.#events.hasPeers?.() !== false) this.#tell(TOKENS, `${MARKS[what]}${runId}`);
  }

  /** Has `listener` hear of runs whose models speak elsewhere until the function that is returned is called. */
  follow(listener: TokenListener): () => void {
    this.#followers.add(listener);
    // Whoever follows a run also looks by himself, and a new connection listens to what is followed by then.
    if (this.#followers.size === 1) void this.#ask(`LISTEN ${TOKENS}`);
    return () => {
      if (this.#followers.delete(listener) && this.#followers.size === 0) void this.#ask(`UNLISTEN ${TOKENS}`);
    };
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
    else if (channel === ENDED) for (const runId of payload.split(' ')) this.#events.onEnded(runId);
    else for (const news of payload.split(' ')) this.#heardTokens(news);
  }

  #heardTokens(news: string): void {
    const what = news.startsWith(MARKS.record) ? 'record' : 'tokens';
    for (const listener of this.#followers) listener(news.slice(1), what);
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
    await this.#ask('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [channel, payloads]);
  }

  /** The connection is asked one thing at a time. What fails is made up for: lanes, ends and tokens are also looked for. */
  #ask(statement: string, parameters?: unknown[]): Promise<void> {
    const asked = this.#asking.then(async () => {
      await this.#client?.query(statement, parameters).catch(() => {});
    });
    this.#asking = asked;
    return asked;
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
