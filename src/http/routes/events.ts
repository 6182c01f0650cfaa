// A run's events as server-sent events (WHATWG HTML §9.2): resumable from any event's id, without loss.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Knex } from 'knex';
import { z } from 'zod';
import { InvalidInput } from '../../core/errors.ts';
import { Bell } from '../../lib/bell.ts';
import { type EventPosition, eventsSince, ID_LIMIT, parsePosition, type RunEvent, START } from '../../views/events.ts';
import { EventsQuery, ProblemSchema, RunParams } from '../contract.ts';
import type { Answer, Call, Route } from '../route.ts';
import type { RunReader } from './reading.ts';

/** Calls the listener when something was recorded for the run in this process, until the function that it returns is called. */
export type OnRecorded = (runId: string, listener: () => void) => () => void;

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 1000;

/** Returns the route that streams a run's events. */
export function eventsRoute(db: Knex, reader: RunReader, onRecorded: OnRecorded): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}/events',
      summary: 'Follow a run',
      description:
        'Server-sent events `status`, `step`, `progress`, and `end` when the run has ended. Each has an `id`; `Last-Event-ID` (or `?after=`) resumes behind it. No event is lost; where thousands of steps ended out of their order, some may come again. ' +
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
    handle: (call) => follow(db, reader, onRecorded, call),
  };
}

async function follow(db: Knex, reader: RunReader, onRecorded: OnRecorded, call: Call): Promise<Answer> {
  const run = await reader.get(call.params.id!, call.tenant);
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
  void writeEvents(db, run.id, position, onRecorded, stream, call.signal);
  return {
    status: 200,
    mediaType: 'text/event-stream; charset=utf-8',
    headers: { 'Cache-Control': 'no-cache, no-transform', 'X-Accel-Buffering': 'no' },
    body: stream,
  };
}

async function writeEvents(
  db: Knex,
  runId: string,
  from: EventPosition,
  onRecorded: OnRecorded,
  stream: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  let position = from;
  let quietSince = Date.now();
  const bell = new Bell();
  const unsubscribe = onRecorded(runId, () => bell.ring());
  try {
    for (;;) {
      const news = await eventsSince(db, runId, position);
      position = news.position;
      for (const event of news.events) await write(stream, format(event), signal);
      if (news.ended) break;
      if (news.events.length > 0) quietSince = Date.now();
      else if (Date.now() - quietSince >= HEARTBEAT_MS) {
        await write(stream, ': still here\n\n', signal);
        quietSince = Date.now();
      }
      if (!news.more) await bell.wait(POLL_MS, signal);
    }
    stream.write('event: end\ndata: {}\n\n');
  } catch {
    // The client is gone, the service stops, or the database is away: the client comes back with the last id that it saw.
  } finally {
    unsubscribe();
    stream.end();
  }
}

async function write(stream: PassThrough, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!stream.write(text)) await once(stream, 'drain', { signal });
}

function format({ id, event, data }: RunEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
