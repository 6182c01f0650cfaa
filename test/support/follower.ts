// A follower of a run, as a client would be one: it keeps what it was told, and drops what it is told to drop.

import { type ReceivedEvent, readEvents } from '../../src/cli/sse.ts';

export interface Follower {
  /** What was said in each step, as far as it counts. */
  readonly texts: Map<number, string>;
  /** What came, without what was seen before. */
  readonly events: ReceivedEvent[];
  /** Resolves when the run has ended. */
  readonly done: Promise<void>;
}

/** Takes an event into `texts`. */
function take(texts: Map<number, string>, { event, data }: ReceivedEvent): void {
  const stepId = Number(data.stepId);
  if (event === 'token') texts.set(stepId, (texts.get(stepId) ?? '') + String(data.delta));
  if (event === 'reset-step') texts.delete(stepId);
}

/** Follows a run, as one who has received the events `seen` before. */
export function follow(url: string, id: string, seen: readonly ReceivedEvent[] = []): Follower {
  const texts = new Map<number, string>();
  const events: ReceivedEvent[] = [];
  for (const event of seen) take(texts, event);
  const after = seen.at(-1)?.id ?? '';
  const open = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/v1/runs/${id}/events`, { headers: after === '' ? headers : { 'Last-Event-ID': after, ...headers } });
  const read = async (): Promise<void> => {
    for await (const event of readEvents(open)) {
      events.push(event);
      take(texts, event);
    }
  };
  return { texts, events, done: read() };
}
