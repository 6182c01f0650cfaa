// A run's events as server-sent events (WHATWG HTML §9.2): resumable from any event's id, without loss.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Knex } from 'knex';
import { z } from 'zod';
import { InvalidInput } from '../../core/errors.ts';
import { Bell } from '../../lib/bell.ts';
import type { NewsListener } from '../../engine/run-news.ts';
import {
  type EventPosition,
  ID_LIMIT,
  lastEvents,
  NewsReader,
  parsePosition,
  type RunEvent,
  START,
  tokensSince,
} from '../../views/events.ts';
import { TokenReader } from '../../views/tokens.ts';
import { EventsQuery, ProblemSchema, RunParams } from '../contract.ts';
import type { Answer, Call, Route } from '../route.ts';
import type { RunReader } from './reading.ts';

/** Calls the listener when there is news of the run, until the function that it returns is called. */
export type OnNews = (runId: string, listener: NewsListener) => () => void;

/** Where the events of runs come from. */
interface Source {
  reader: RunReader;
  news: NewsReader;
  tokens: TokenReader;
  onNews: OnNews;
}

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 1000;
/** Characters of events that are written together. */
const WORTH_A_WRITE = 16_000;

/** Returns the route that streams a run's events. */
export function eventsRoute(db: Knex, reader: RunReader, onNews: OnNews): Route {
  const source: Source = { reader, onNews, news: new NewsReader(db), tokens: new TokenReader(db) };
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}/events',
      summary: 'Follow a run',
      description:
        'Server-sent events `status`, `step`, `progress`, `token` and `reset-step`, and `end` when the run has ended. Each has an `id`; `Last-Event-ID` (or `?after=`) resumes behind it. No event is lost; where thousands of steps ended out of their order, some may come again. ' +
        '`token` is what a model says in a step, as it says it; `reset-step` tells to drop what came of a step: its attempt has failed, and the next one begins anew. ' +
        'A comment every 15 seconds keeps the connection open.',
      tag: 'Runs',
      params: RunParams,
      query: EventsQuery,
      headers: z.object({ 'last-event-id': z.string().max(ID_LIMIT).optional() }),
      answers: {
        200: { description: 'The stream', mediaType: 'text/event-stream' },
        404: { description: 'No such run, or another tenant’s', schema: ProblemSchema },
      },
    },
    handle: (call) => follow(source, call),
  };
}

async function follow(source: Source, call: Call): Promise<Answer> {
  const run = await source.reader.get(call.params.id!, call.tenant);
  const after = (call.query.after as string | undefined) ?? call.headers['last-event-id'];
  const position = after === undefined ? START : parsePosition(after);
  if (!position) {
    throw new InvalidInput(
      'invalid_event_id',
      `'${after}' is not the id of an event: send one as it was received, or none to begin at the start.`,
    );
  }
  const stream = new PassThrough();
  stream.write(`retry: ${RECONNECT_MS}\n\n`);
  void writeEvents(source, run.id, position, stream, call.signal);
  return {
    status: 200,
    mediaType: 'text/event-stream; charset=utf-8',
    headers: { 'Cache-Control': 'no-cache, no-transform', 'X-Accel-Buffering': 'no' },
    body: stream,
  };
}

async function writeEvents(
  source: Source,
  runId: string,
  from: EventPosition,
  stream: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  const bell = new Bell();
  const heard = { record: true };
  const unsubscribe = source.onNews(runId, (what) => {
    if (what === 'record') heard.record = true;
    bell.ring();
  });
  const following = new Following(source, runId, from);
  let quietSince = Date.now();
  try {
    for (;;) {
      const isDue = heard.record || following.isLate();
      heard.record = false;
      const { events, more, isOver } = await following.next(isDue);
      for (const text of formatted(events)) await write(stream, text, signal);
      if (isOver) break;
      if (events.length > 0) quietSince = Date.now();
      else if (Date.now() - quietSince >= HEARTBEAT_MS) {
        await write(stream, ': still here\n\n', signal);
        quietSince = Date.now();
      }
      if (more) heard.record = true;
      else await bell.wait(POLL_MS, signal);
    }
    stream.write('event: end\ndata: {}\n\n');
  } catch {
    // The client is gone, the service stops, or the database is away: the client comes back with the last id that it saw.
  } finally {
    unsubscribe();
    stream.end();
  }
}

/** Where a follower of a run has come to. */
class Following {
  readonly #source: Source;
  readonly #runId: string;
  #position: EventPosition;
  /** The last piece of what models say that was read. */
  #chunk = 0;
  #lookedAt = -Infinity;

  constructor(source: Source, runId: string, from: EventPosition) {
    this.#source = source;
    this.#runId = runId;
    this.#position = from;
  }

  /** Whether it is time to look at the records, although there was no news of them. */
  isLate(): boolean {
    return performance.now() - this.#lookedAt >= POLL_MS;
  }

  /** Returns what is new: in the records, if `isDue`, and of what models say. */
  async next(isDue: boolean): Promise<{ events: RunEvent[]; more: boolean; isOver: boolean }> {
    const { news: records, tokens } = this.#source;
    if (isDue) this.#lookedAt = performance.now();
    const news = isDue ? await records.since(this.#runId, this.#position) : undefined;
    if (news) this.#position = news.position;
    // What was said in a step stands before its end.
    if (news?.more) return { events: news.events, more: true, isOver: false };
    const said = await tokensSince(tokens, this.#runId, this.#position, this.#chunk);
    this.#position = said.position;
    this.#chunk = said.last;
    const events = [...(news?.events ?? []), ...said.events];
    const isOver = news?.ended === true && !said.more;
    if (isOver) events.push(...lastEvents(this.#position, news.status));
    return { events, more: said.more, isOver };
  }
}

async function write(stream: PassThrough, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!stream.write(text)) await once(stream, 'drain', { signal });
}

/** Yields the events as text, as many at a time as are worth a write. */
function* formatted(events: readonly RunEvent[]): Generator<string> {
  let text = '';
  for (const { id, event, data } of events) {
    text += `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (text.length < WORTH_A_WRITE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
